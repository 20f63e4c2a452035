#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "op/past_request.h"

/* Appends an entry to buf; 0 when it does not fit. */
static size_t add_entry(const struct past_request *r, char *buf, size_t room, const char *name,
	const struct fuse_entry_param *e, uint64_t next)
{
	size_t n =
		r->plus ? fuse_add_direntry_plus(r->reply.req, buf, room, name, e, (off_t)next)
			: fuse_add_direntry(r->reply.req, buf, room, name, &e->attr, (off_t)next);
	return n > room ? 0 : n;
}

/* . and .. of any directory; the kernel knows their inodes. Returns bytes added to buf. */
static size_t add_dots(const struct past_request *r, char *buf)
{
	struct fuse_entry_param e = {
		.attr = {.st_ino = past_stat_ino(r->fs, r->node), .st_mode = S_IFDIR}};
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
		if ((uint64_t)row_int(res, mid, PAST_COOKIE) <= cookie)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void list_dir(struct past_request *r, const PGresult *res)
{
	int n = PQntuples(res);
	size_t len, added = 1;
	char *buf;

	if (past_private(r, res) || !past_request_allowed(r, res, R_OK)) {
		fuse_reply_err(r->reply.req, EACCES);
		return;
	}
	buf = xcalloc(1, r->size);
	len = add_dots(r, buf);
	for (int row = seek(res, r->off); added && row < n; row++) {
		struct fuse_entry_param e;
		char name[NAME_MAX_BYTES + 1] = "";

		/* An empty directory, or what was pruned by itself. */
		if (PQgetisnull(res, row, 0))
			continue;
		e = past_entry(r, res, row);

		memcpy(name, PQgetvalue(res, row, PAST_ENTRY_NAME),
			(size_t)PQgetlength(res, row, PAST_ENTRY_NAME));
		added = add_entry(r, buf + len, r->size - len, name, &e,
			(uint64_t)row_int(res, row, PAST_COOKIE));
		len += added;
	}
	fuse_reply_buf(r->reply.req, buf, len);
	free(buf);
}

static void answer_readdir(struct past_request *r, const PGresult *res)
{
	list_dir(r, res);
	past_listing_keep(r->fs->past, r->node, res);
}

/* The rest of a directory whose beginning was just read. */
static bool list_kept(struct past_request *r)
{
	int64_t kept;
	PGresult *res = r->off ? past_listing_take(r->fs->past, r->node, &kept) : NULL;

	if (!res)
		return false;
	transport_reply(&r->reply);
	list_dir(r, res);
	transport_done();
	past_listing_put(r->fs->past, r->node, res, kept);
	past_request_free(r);
	return true;
}

/* .thule/at: the snapshots, by their place in the answer. */
static void answer_names(struct past_request *r, const PGresult *res)
{
	char *buf = xcalloc(1, r->size);
	size_t len = add_dots(r, buf), added = 1;

	for (int row = r->off > 2 ? (int)r->off - 2 : 0; added && row < PQntuples(res); row++) {
		uint64_t node = past_node(r->fs->past, (uint64_t)row_int(res, row, 1), 1);
		struct fuse_entry_param e = {
			.attr = {.st_ino = past_stat_ino(r->fs, node), .st_mode = S_IFDIR}};
		char name[NAME_MAX_BYTES + 1] = "";

		memcpy(name, PQgetvalue(res, row, 0), (size_t)PQgetlength(res, row, 0));
		added = add_entry(r, buf + len, r->size - len, name, &e, (uint64_t)row + 3);
		len += added;
	}
	fuse_reply_buf(r->reply.req, buf, len);
	free(buf);
}

static void read_magic(fuse_req_t req, size_t size, uint64_t off, bool plus)
{
	struct past_request r = {.fs = fuse_req_userdata(req),
		.reply = {.req = req},
		.node = PAST_DIR,
		.size = size,
		.off = off,
		.plus = plus};
	struct fuse_entry_param e = {
		.attr = {.st_ino = past_stat_ino(r.fs, PAST_AT), .st_mode = S_IFDIR}};
	char *buf = xcalloc(1, size);
	size_t len = add_dots(&r, buf);

	if (off < 3)
		len += add_entry(&r, buf + len, size - len, PAST_AT_NAME, &e, 3);
	fuse_reply_buf(req, buf, len);
	free(buf);
}

void past_readdir(fuse_req_t req, fuse_ino_t node, size_t size, off_t off, bool plus)
{
	struct past_request *r;

	if (node == PAST_DIR) {
		read_magic(req, size, (uint64_t)off, plus);
		return;
	}
	r = node == PAST_AT ? past_request_new(req, STMT_READ_PAST_NAMES, answer_names)
			    : past_request_node(req, node, STMT_READ_PAST_DIR, answer_readdir);
	if (!r)
		return;
	r->node = node;
	r->size = size;
	r->off = (uint64_t)off;
	r->plus = plus;
	if (node == PAST_AT || !list_kept(r))
		past_submit(r, node != PAST_AT && r->caller.uid != 0);
}
