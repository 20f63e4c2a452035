#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "op/past.h"

/* The kernel asks for files that are to be run with this flag in place of the right to read. */
#define OPEN_EXEC 0x20

/* Columns of the read_past statements, after those of the inode. */
enum { COL_TARGET = 12, COL_STRICTER, COL_GUARD, COL_NAME, COL_COOKIE };

/*
 * A request that waits for the database. What the present says of permissions counts, so all that
 * was acknowledged is committed first, unless root asks.
 */
struct request {
	struct journal_waiter waiter;
	struct fs *fs;
	struct reply reply;
	struct past_caller caller;
	uint64_t node, op;
	struct reader_query *query;
	void (*answer)(struct request *r, const PGresult *res);
	/* Of lookup: how long the kernel may keep the entry if the directory allows it, seconds. */
	double timeout;
	/* Of readdir. */
	size_t size;
	uint64_t off;
	bool plus;
	struct fuse_file_info fi;
};

static void finish(struct request *r)
{
	transport_done();
	past_caller_release(&r->caller);
	free(r);
}

static void fail(struct request *r, int error)
{
	transport_reply(&r->reply);
	fuse_reply_err(r->reply.req, error);
	finish(r);
}

/* What was typed as an instant may be none; that is not worth a line of log. */
static int query_errno(const struct request *r, enum stmt stmt, const struct error *err)
{
	if (stmt == STMT_READ_PAST_INSTANT &&
		(!strncmp(err->sqlstate, "22", 2) || !strcmp(err->sqlstate, "P0002")))
		return ENOENT;
	log_error("%s", err->text);
	return error_to_errno(err);
}

static void answered(struct reader_query *q, const PGresult *res, const struct error *err)
{
	struct request *r = q->arg;
	enum stmt stmt = q->stmt;

	free(q);
	if (err) {
		fail(r, query_errno(r, stmt, err));
		return;
	}
	transport_reply(&r->reply);
	r->answer(r, res);
	finish(r);
}

static void committed(struct journal_waiter *w, int error)
{
	struct request *r = (struct request *)w;

	if (error) {
		free(r->query);
		fail(r, error);
		return;
	}
	reader_submit(r->fs->reader, r->query);
}

static struct request *request_new(
	fuse_req_t req, enum stmt stmt, void (*answer)(struct request *, const PGresult *))
{
	struct request *r = xcalloc(1, sizeof(*r));

	r->waiter.fn = committed;
	r->fs = fuse_req_userdata(req);
	past_caller_get(&r->caller, req);
	r->reply = transport_later(req);
	r->query = reader_query_new(stmt, answered, r);
	r->answer = answer;
	return r;
}

static void submit(struct request *r, bool present)
{
	bool wait = false;

	if (present && r->fs->journal) {
		pthread_mutex_lock(&r->fs->lock);
		wait = !journal_failed(r->fs->journal) && !journal_sync(r->fs->journal, &r->waiter);
		pthread_mutex_unlock(&r->fs->lock);
	}
	if (!wait)
		reader_submit(r->fs->reader, r->query);
}

/* A request about a node: its inode and op are the first parameters. NULL: it was answered. */
static struct request *request_node(fuse_req_t req, uint64_t node, enum stmt stmt,
	void (*answer)(struct request *, const PGresult *))
{
	struct fs *fs = fuse_req_userdata(req);
	uint64_t op = past_op(fs->past, node);
	struct request *r;

	if (!op) {
		fuse_reply_err(req, ESTALE);
		return NULL;
	}
	r = request_new(req, stmt, answer);
	r->node = node;
	r->op = op;
	reader_query_int(r->query, (int64_t)past_ino(node));
	reader_query_int(r->query, (int64_t)op);
	return r;
}

/* --- answers --- */

static void attr_of(const struct request *r, const PGresult *res, int row, struct stat *st)
{
	struct inode_attr attr = {
		.ino = (uint64_t)result_int(res, row, 0),
		.mode = (uint32_t)result_int(res, row, 1),
		.nlink = (uint32_t)result_int(res, row, 2),
		.uid = (uint32_t)result_int(res, row, 3),
		.gid = (uint32_t)result_int(res, row, 4),
		.rdev = (uint32_t)result_int(res, row, 5),
		.size = (uint64_t)result_int(res, row, 6),
		.allocated = (uint64_t)result_int(res, row, 7),
		.atime = result_int(res, row, 8),
		.mtime = result_int(res, row, 9),
		.ctime = result_int(res, row, 10),
	};

	attr_to_stat(&attr, st);
	/* Beside the present, an inode of the past is another file. */
	if (!r->fs->config.at_op)
		st->st_ino = past_node(r->fs->past, r->op, attr.ino);
}

static bool allowed(const struct request *r, const PGresult *res, int want)
{
	char guard[65536];
	size_t n = (size_t)PQgetlength(res, 0, COL_GUARD);

	/* Directories deeper than that: nobody but root. */
	if (n >= sizeof(guard))
		return r->caller.uid == 0;
	memcpy(guard, PQgetvalue(res, 0, COL_GUARD), n);
	guard[n] = '\0';
	return past_allowed(&r->caller, guard, want);
}

static struct fuse_entry_param entry_of(struct request *r, const PGresult *res, int row)
{
	bool stricter = result_int(res, 0, COL_STRICTER);
	struct fuse_entry_param e = {.attr_timeout = KERNEL_CACHE_SECONDS};

	/* Names that the kernel keeps, it gives to everyone whom the directory's mode of then lets
	 * in: it may do so only where the present is no stricter. */
	e.entry_timeout = stricter ? 0 : 1;
	if (!PQgetisnull(res, row, 0)) {
		attr_of(r, res, row, &e.attr);
		e.ino = past_node(r->fs->past, r->op, (uint64_t)result_int(res, row, 0));
	}
	return e;
}

static void answer_lookup(struct request *r, const PGresult *res)
{
	struct fuse_entry_param e;

	if (!allowed(r, res, X_OK)) {
		fuse_reply_err(r->reply.req, EACCES);
		return;
	}
	e = entry_of(r, res, 0);
	if (!e.ino)
		fuse_reply_err(r->reply.req, PQgetisnull(res, 0, 0) ? ENOENT : EOVERFLOW);
	else
		fuse_reply_entry(r->reply.req, &e);
}

/* The root as of an instant; asked for by name, or for a mount's own root. */
static void answer_top(struct request *r, const PGresult *res)
{
	struct fuse_entry_param e = {
		.attr_timeout = KERNEL_CACHE_SECONDS, .entry_timeout = r->timeout};

	if (PQntuples(res) == 0) {
		fuse_reply_err(r->reply.req, ENOENT);
		return;
	}
	attr_of(r, res, 0, &e.attr);
	e.ino = past_node(r->fs->past, r->op, FUSE_ROOT_ID);
	fuse_reply_entry(r->reply.req, &e);
}

static void answer_getattr(struct request *r, const PGresult *res)
{
	struct stat st;

	if (PQntuples(res) == 0) {
		fuse_reply_err(r->reply.req, ESTALE);
		return;
	}
	attr_of(r, res, 0, &st);
	fuse_reply_attr(r->reply.req, &st, KERNEL_CACHE_SECONDS);
}

static void answer_readlink(struct request *r, const PGresult *res)
{
	char target[4096];
	size_t n = PQntuples(res) ? (size_t)PQgetlength(res, 0, COL_TARGET) : 0;

	if (n == 0 || n >= sizeof(target)) {
		fuse_reply_err(r->reply.req, PQntuples(res) ? EINVAL : ESTALE);
		return;
	}
	memcpy(target, PQgetvalue(res, 0, COL_TARGET), n);
	target[n] = '\0';
	fuse_reply_readlink(r->reply.req, target);
}

static void answer_open(struct request *r, const PGresult *res)
{
	int want = r->fi.flags & OPEN_EXEC ? X_OK : R_OK;

	if (PQntuples(res) == 0) {
		fuse_reply_err(r->reply.req, ESTALE);
	} else if (!allowed(r, res, want)) {
		fuse_reply_err(r->reply.req, EACCES);
	} else {
		r->fi.keep_cache = 1;
		fuse_reply_open(r->reply.req, &r->fi);
	}
}

static void answer_read(struct request *r, const PGresult *res)
{
	fuse_reply_buf(r->reply.req, PQgetvalue(res, 0, 0), (size_t)PQgetlength(res, 0, 0));
}

/* Appends an entry to buf; 0 when it does not fit. */
static size_t add_entry(const struct request *r, char *buf, size_t room, const char *name,
	const struct fuse_entry_param *e, uint64_t next)
{
	size_t n =
		r->plus ? fuse_add_direntry_plus(r->reply.req, buf, room, name, e, (off_t)next)
			: fuse_add_direntry(r->reply.req, buf, room, name, &e->attr, (off_t)next);
	return n > room ? 0 : n;
}

/* . and .. of any directory; the kernel knows their inodes. Returns bytes added to buf. */
static size_t add_dots(const struct request *r, char *buf)
{
	struct fuse_entry_param e = {.attr = {.st_ino = r->node, .st_mode = S_IFDIR}};
	size_t len = 0;

	for (uint64_t off = r->off; off < 2; off++)
		len += add_entry(r, buf + len, r->size - len, off ? ".." : ".", &e, off + 1);
	return len;
}

/* The first row with a larger cookie. */
static int seek(const PGresult *res, uint64_t cookie)
{
	int lo = 0, hi = PQntuples(res);

	while (lo < hi) {
		int mid = lo + (hi - lo) / 2;
		if ((uint64_t)result_int(res, mid, COL_COOKIE) <= cookie)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void list_dir(struct request *r, const PGresult *res)
{
	int n = PQntuples(res);
	size_t len, added = 1;
	char *buf;

	if (!allowed(r, res, R_OK)) {
		fuse_reply_err(r->reply.req, EACCES);
		return;
	}
	buf = xcalloc(1, r->size);
	len = add_dots(r, buf);
	for (int row = seek(res, r->off); added && row < n && !PQgetisnull(res, row, 0); row++) {
		struct fuse_entry_param e = entry_of(r, res, row);
		char name[NAME_MAX_BYTES + 1] = "";

		memcpy(name, PQgetvalue(res, row, COL_NAME),
			(size_t)PQgetlength(res, row, COL_NAME));
		added = add_entry(r, buf + len, r->size - len, name, &e,
			(uint64_t)result_int(res, row, COL_COOKIE));
		len += added;
	}
	fuse_reply_buf(r->reply.req, buf, len);
	free(buf);
}

static void answer_readdir(struct request *r, const PGresult *res)
{
	list_dir(r, res);
	past_listing_keep(r->fs->past, r->node, res);
}

/* The rest of a directory whose beginning was just read. */
static bool list_kept(struct request *r)
{
	int64_t kept;
	PGresult *res = r->off ? past_listing_take(r->fs->past, r->node, &kept) : NULL;

	if (!res)
		return false;
	list_dir(r, res);
	past_listing_put(r->fs->past, r->node, res, kept);
	free(r->query);
	past_caller_release(&r->caller);
	free(r);
	return true;
}

/* .thule/at: the snapshots, by their place in the answer. */
static void answer_names(struct request *r, const PGresult *res)
{
	char *buf = xcalloc(1, r->size);
	size_t len = add_dots(r, buf), added = 1;

	for (int row = r->off > 2 ? (int)r->off - 2 : 0; added && row < PQntuples(res); row++) {
		uint64_t node = past_node(r->fs->past, (uint64_t)result_int(res, row, 1), 1);
		struct fuse_entry_param e = {.attr = {.st_ino = node, .st_mode = S_IFDIR}};
		char name[NAME_MAX_BYTES + 1] = "";

		memcpy(name, PQgetvalue(res, row, 0), (size_t)PQgetlength(res, row, 0));
		added = add_entry(r, buf + len, r->size - len, name, &e, (uint64_t)row + 3);
		len += added;
	}
	fuse_reply_buf(r->reply.req, buf, len);
	free(buf);
}

/* --- .thule and .thule/at themselves --- */

static void magic_stat(uint64_t node, struct stat *st)
{
	*st = (struct stat){.st_ino = node,
		.st_mode = S_IFDIR | 0555,
		.st_nlink = 2,
		.st_size = 4096,
		.st_blksize = 4096};
}

static void reply_magic(fuse_req_t req, uint64_t node)
{
	struct fuse_entry_param e = {.ino = node,
		.attr_timeout = KERNEL_CACHE_SECONDS,
		.entry_timeout = KERNEL_CACHE_SECONDS};

	magic_stat(node, &e.attr);
	fuse_reply_entry(req, &e);
}

static void read_magic(fuse_req_t req, size_t size, uint64_t off, bool plus)
{
	struct fuse_entry_param e = {.attr = {.st_ino = PAST_AT, .st_mode = S_IFDIR}};
	struct request r = {
		.reply = {.req = req}, .node = PAST_DIR, .size = size, .off = off, .plus = plus};
	char *buf = xcalloc(1, size);
	size_t len = add_dots(&r, buf);

	if (off < 3)
		len += add_entry(&r, buf + len, size - len, PAST_AT_NAME, &e, 3);
	fuse_reply_buf(req, buf, len);
	free(buf);
}

/* --- requests --- */

/* op is known: get the attributes of its root. */
static void answer_instant(struct request *r, const PGresult *res)
{
	struct request *next = xcalloc(1, sizeof(*next));

	*next = *r;
	r->caller.groups = NULL;
	next->op = (uint64_t)result_int(res, 0, 0);
	next->answer = answer_top;
	next->query = reader_query_new(STMT_READ_PAST_INODE, answered, next);
	reader_query_int(next->query, FUSE_ROOT_ID);
	reader_query_int(next->query, (int64_t)next->op);
	reader_submit(next->fs->reader, next->query);
}

static void lookup_instant(fuse_req_t req, const char *name)
{
	struct request *r;
	size_t digits = !strncmp(name, "op:", 3) ? strspn(name + 3, "0123456789") : 0;

	if (strlen(name) > NAME_MAX_BYTES) {
		fuse_reply_err(req, ENAMETOOLONG);
		return;
	}
	r = request_new(req, STMT_READ_PAST_INSTANT, answer_instant);
	reader_query_bytes(r->query, name, strlen(name));
	/* Ages move, and snapshots can be deleted. */
	r->timeout = digits && !name[3 + digits] ? KERNEL_CACHE_SECONDS : 0;
	submit(r, true);
}

void past_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct request *r;

	if (!past_is(parent)) {
		reply_magic(req, PAST_DIR);
	} else if (parent == PAST_DIR) {
		if (!strcmp(name, PAST_AT_NAME))
			reply_magic(req, PAST_AT);
		else
			fuse_reply_err(req, ENOENT);
	} else if (parent == PAST_AT) {
		lookup_instant(req, name);
	} else if (strlen(name) > NAME_MAX_BYTES) {
		fuse_reply_err(req, ENAMETOOLONG);
	} else if ((r = request_node(req, parent, STMT_READ_PAST_DIRENT, answer_lookup))) {
		reader_query_bytes(r->query, name, strlen(name));
		submit(r, r->caller.uid != 0);
	}
}

void past_getattr(fuse_req_t req, fuse_ino_t node)
{
	struct request *r;
	struct stat st;

	if (node == PAST_DIR || node == PAST_AT) {
		magic_stat(node, &st);
		fuse_reply_attr(req, &st, KERNEL_CACHE_SECONDS);
	} else if ((r = request_node(req, node, STMT_READ_PAST_INODE, answer_getattr))) {
		submit(r, false);
	}
}

void past_readlink(fuse_req_t req, fuse_ino_t node)
{
	struct request *r = request_node(req, node, STMT_READ_PAST_INODE, answer_readlink);

	if (r)
		submit(r, false);
}

void past_open(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi)
{
	struct request *r;

	if ((fi->flags & O_ACCMODE) != O_RDONLY || fi->flags & O_TRUNC) {
		fuse_reply_err(req, EROFS);
	} else if ((r = request_node(req, node, STMT_READ_PAST_INODE, answer_open))) {
		r->fi = *fi;
		submit(r, r->caller.uid != 0);
	}
}

void past_read(fuse_req_t req, fuse_ino_t node, size_t size, off_t off)
{
	struct request *r = request_node(req, node, STMT_READ_PAST_DATA, answer_read);

	if (!r)
		return;
	reader_query_int(r->query, off);
	reader_query_int(r->query, (int64_t)size);
	submit(r, false);
}

void past_readdir(fuse_req_t req, fuse_ino_t node, size_t size, off_t off, bool plus)
{
	struct request *r;

	if (node == PAST_DIR) {
		read_magic(req, size, (uint64_t)off, plus);
		return;
	}
	r = node == PAST_AT ? request_new(req, STMT_READ_PAST_NAMES, answer_names)
			    : request_node(req, node, STMT_READ_PAST_DIR, answer_readdir);
	if (!r)
		return;
	r->node = node;
	r->size = size;
	r->off = (uint64_t)off;
	r->plus = plus;
	if (node == PAST_AT || !list_kept(r))
		submit(r, node != PAST_AT && r->caller.uid != 0);
}
