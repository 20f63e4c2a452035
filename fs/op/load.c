#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "op/attr.h"
#include "op/call.h"
#include "op/load.h"
#include "op/need.h"

struct load_key {
	uint64_t ino; /* of the inode or the directory */
	uint64_t off; /* DIR: names after this cookie */
	uint32_t kind;
	uint32_t name_len;
	char name[NAME_MAX_BYTES + 1]; /* zero-padded */
};

struct load {
	struct load_key key;
	struct fs *fs;
	struct request_waiters waiters;
	uint32_t rows; /* DIR: at most so many names */
	bool ahead;    /* nobody needs it: who waits for it can do without */
	void (*arrived)(struct fs *fs, struct inode *dir); /* NULL, or of one that is ahead */
	uint64_t evictions, xattr_evictions; /* those of the state when it was asked */
	UT_hash_handle hh;
};

/* Columns of the read statements: the inode's, then parent, name, cookie. */
enum { COL_TARGET = 15, COL_PARENT, COL_NAME, COL_COOKIE };
/* Last in each: bytes of extended attributes, names and values. */
#define COL_XATTR_BYTES(res) (PQnfields(res) - 1)
/* And of read_inode. */
#define COL_GONE 17

static struct inode *fill_inode(struct fs *fs, const PGresult *res, int row)
{
	struct inode_attr attr = result_attr(res, row);
	struct inode *inode = inode_find(&fs->state, attr.ino);

	bool taken = !inode || inode->stale;

	/* What is in the state is newer than any answer, unless it is marked. */
	if (inode && inode->stale)
		inode_refresh(&fs->state, inode, &attr);
	if (!inode)
		inode = inode_add(&fs->state, &attr, row_bytes(res, row, COL_TARGET));
	if (taken) {
		inode->xattr_bytes = (uint64_t)row_int(res, row, COL_XATTR_BYTES(res));
		inode->charge.bytes += inode->charge.counted ? inode->xattr_bytes : 0;
	}
	if (inode->dir && !inode->dir->parent && !PQgetisnull(res, row, COL_PARENT))
		inode->dir->parent = (uint64_t)row_int(res, row, COL_PARENT);
	return inode;
}

/* Not an errno: the answer is newer than what is known. */
#define ANSWER_NEWER (-1)

/*
 * What each row may be by itself, but not beside what is known already. For a moment that happens
 * when a SQL transaction has written: those who wait ask for all of it again.
 */
static int contradicts(struct fs *fs, uint64_t ino, const char *what)
{
	if (journal_lent(fs->journal)) {
		state_outdate_inode(&fs->state, ino, journal_next_op(fs->journal));
		return ANSWER_NEWER;
	}
	log_error("inode %" PRIu64
		  ": the database has an impossible value: %s; `thule fsck` lists all "
		  "faults",
		ino, what);
	return EIO;
}

static int fill_name(struct fs *fs, struct inode *dir, const PGresult *res, int row)
{
	struct bytes name = row_bytes(res, row, COL_NAME);
	uint64_t cookie = (uint64_t)row_int(res, row, COL_COOKIE);
	struct inode *inode;

	if (dirent_find(&fs->state, dir->ino, name))
		return 0;
	if (dir_has(dir->dir, cookie))
		return contradicts(fs, dir->ino, "two names with the same cookie");
	inode = fill_inode(fs, res, row);
	inode->listed_in = dir->ino;
	if (!inode->gone)
		dirent_set(&fs->state, dir, name, inode->ino, cookie, inode->attr.mode);
	return 0;
}

/* Columns of read_xattrs. */
enum { COL_XATTR_NAME, COL_XATTR_VALUE, COL_XATTR_LENGTH };

static int fill_xattrs(struct fs *fs, struct inode *inode, const PGresult *res)
{
	if (xattrs_known(inode))
		return 0;
	if ((uint32_t)PQntuples(res) != inode->attr.xattrs)
		return contradicts(fs, inode->ino, "another number of attributes than it counts");
	for (int row = 0; row < PQntuples(res); row++) {
		struct bytes name = row_bytes(res, row, COL_XATTR_NAME);

		if (PQgetisnull(res, row, COL_XATTR_VALUE))
			xattr_note(&fs->state, inode, name,
				(uint32_t)row_int(res, row, COL_XATTR_LENGTH));
		else
			xattr_set(&fs->state, inode, name, row_bytes(res, row, COL_XATTR_VALUE), 0);
	}
	inode->xattrs_known = true;
	return 0;
}

static int fill_value(struct fs *fs, struct inode *inode, struct bytes name, const PGresult *res)
{
	struct xattr *x = xattr_find(inode, name);

	/* Those who wait look again when it has gone, or has been set, meanwhile. */
	if (!x || xattr_value_known(x))
		return 0;
	if (!PQntuples(res) || !xattr_fill(&fs->state, x, row_bytes(res, 0, 0)))
		return contradicts(fs, inode->ino, "an attribute of another length than it says");
	return 0;
}

/* Up to which cookie an answer has all names. */
static uint64_t page_end(const struct load *l, const PGresult *res)
{
	int rows = PQntuples(res);

	return rows < (int)l->rows ? UINT64_MAX : (uint64_t)row_int(res, rows - 1, COL_COOKIE);
}

int load_inode_row(struct fs *fs, uint64_t ino, const PGresult *res)
{
	bool none = PQntuples(res) == 0, gone = !none && row_int(res, 0, COL_GONE);
	struct inode *inode = inode_find(&fs->state, ino);

	if (none && !inode)
		return ESTALE;
	if ((none || gone) && inode) {
		if (inode->stale)
			inode_refresh(&fs->state, inode, NULL);
		return 0;
	}
	inode = fill_inode(fs, res, 0);
	if (gone) {
		inode->gone = true;
		inode->charge = (struct charge){0};
	}
	return 0;
}

/* Under the lock. Returns an errno for those who wait. */
static int fill(struct load *l, const PGresult *res)
{
	struct fs *fs = l->fs;
	struct inode *dir;
	struct bytes name = {l->key.name, l->key.name_len};
	int rc = 0;

	if (l->key.kind == LOAD_INODE)
		return load_inode_row(fs, l->key.ino, res);
	dir = inode_find(&fs->state, l->key.ino);
	if (!dir)
		return 0;
	if (l->key.kind == LOAD_XATTRS)
		return fill_xattrs(fs, dir, res);
	if (l->key.kind == LOAD_VALUE)
		return fill_value(fs, dir, name, res);
	dir_expect(dir->dir, (size_t)PQntuples(res));
	for (int row = 0; !rc && row < PQntuples(res); row++)
		rc = fill_name(fs, dir, res, row);
	if (rc)
		return rc;
	if (l->key.kind == LOAD_DIR)
		dir_known(dir->dir, l->key.off, page_end(l, res));
	else if (!dirent_find(&fs->state, dir->ino, name))
		dirent_set(&fs->state, dir, name, 0, 0, 0);
	return 0;
}

/* Nobody is told of an error in what was not needed: who waits asks for what they need. Of this
 * directory nothing more is guessed. */
static void ahead_done(struct load *l, int error)
{
	struct inode *dir = inode_find(&l->fs->state, l->key.ino);

	l->fs->ahead--;
	if (dir && error)
		dir_reads(&l->fs->state, dir)->asked = UINT32_MAX;
	else if (dir && l->arrived)
		l->arrived(l->fs, dir);
}

static void load_done(struct reader_query *q, PGresult *res, const struct error *err)
{
	struct load *l = q->arg;
	struct fs *fs = l->fs;
	int error = 0;
	bool ahead;

	pthread_mutex_lock(&fs->lock);
	HASH_DEL(fs->loads, l);
	ahead = l->ahead;
	/* Something was evicted since it was asked, so the answer may be older than what was
	 * evicted: the suspended requests ask again. */
	if (err)
		error = error_to_errno(err);
	else if (l->evictions == fs->state.evictions)
		error = fill(l, res);
	if (error == ANSWER_NEWER)
		error = 0;
	if (ahead) {
		ahead_done(l, error);
		error = 0;
	}
	state_evict(&fs->state, journal_committed(fs->journal));
	pthread_mutex_unlock(&fs->lock);
	if (err && !ahead)
		log_error("%s", err->text);
	request_waiters_wake(&l->waiters, error);
	PQclear(res);
	free(l);
	free(q);
}

static struct load *load_find(struct fs *fs, const struct load_key *key)
{
	struct load *l;

	HASH_FIND(hh, fs->loads, key, sizeof(*key), l);
	return l;
}

static struct load *load_start(struct fs *fs, const struct load_key *key, uint32_t rows)
{
	static const enum stmt stmts[] = {
		[LOAD_INODE] = STMT_READ_INODE,
		[LOAD_NAME] = STMT_READ_DIRENT,
		[LOAD_DIR] = STMT_READ_DIR,
		[LOAD_XATTRS] = STMT_READ_XATTRS,
		[LOAD_VALUE] = STMT_READ_XATTR,
	};
	struct load *l = xcalloc(1, sizeof(*l));
	struct reader_query *q = reader_query_new(stmts[key->kind], load_done, l);

	l->key = *key;
	l->fs = fs;
	l->rows = rows;
	l->evictions = fs->state.evictions;
	l->xattr_evictions = fs->state.xattr_evictions;
	HASH_ADD(hh, fs->loads, key, sizeof(l->key), l);
	reader_query_int(q, (int64_t)key->ino);
	if (key->kind == LOAD_NAME || key->kind == LOAD_VALUE)
		reader_query_bytes(q, key->name, key->name_len);
	if (key->kind == LOAD_DIR) {
		reader_query_int(q, (int64_t)key->off);
		reader_query_int(q, rows);
	}
	if (key->kind == LOAD_XATTRS)
		reader_query_int(q, XATTR_INLINE_MAX);
	reader_submit(fs->reader, q);
	return l;
}

/* More answers than any operation needs: each time it came back, what it had had been evicted. */
static int asked_too_often(const struct call *c)
{
	log_error("a request of process %d asked %d times for what was evicted meanwhile: mount "
		  "with more cache_inodes",
		c->ctx->pid, REQUEST_WAITS_MAX);
	return EIO;
}

static int load_key(struct call *c, const struct load_key *key)
{
	static const enum request_wait waits[] = {
		[LOAD_INODE] = WAIT_INODE,
		[LOAD_NAME] = WAIT_NAME,
		[LOAD_DIR] = WAIT_DIRECTORY,
		[LOAD_XATTRS] = WAIT_XATTRS,
		[LOAD_VALUE] = WAIT_XATTRS,
	};
	struct load *l = load_find(c->fs, key);

	if (request_error())
		return request_error();
	if (request_waits() >= REQUEST_WAITS_MAX)
		return asked_too_often(c);
	if (!l)
		l = load_start(c->fs, key, LOAD_PAGE_ROWS);
	request_waiters_add(&l->waiters, request_suspend(c->req, waits[key->kind]));
	return CALL_SUSPENDED;
}

int load(struct call *c, enum load_kind kind, uint64_t ino, struct bytes name)
{
	struct load_key key = {.kind = kind, .ino = ino, .name_len = name.len};

	if (name.len)
		memcpy(key.name, name.data, name.len);
	return load_key(c, &key);
}

int load_names(struct call *c, uint64_t ino, uint64_t after)
{
	struct load_key key = {.kind = LOAD_DIR, .ino = ino, .off = after};

	return load_key(c, &key);
}

bool load_ahead(struct fs *fs, uint64_t ino, uint64_t after, uint32_t rows,
	void (*arrived)(struct fs *fs, struct inode *dir))
{
	struct load_key key = {.kind = LOAD_DIR, .ino = ino, .off = after};
	struct load *l;

	if (fs->ahead >= LOAD_AHEAD_MAX || load_find(fs, &key))
		return false;
	l = load_start(fs, &key, rows);
	l->ahead = true;
	l->arrived = arrived;
	fs->ahead++;
	return true;
}

static const struct load *find_names(struct fs *fs, uint64_t ino, uint64_t after)
{
	struct load_key key = {.kind = LOAD_DIR, .ino = ino, .off = after};

	return load_find(fs, &key);
}

bool load_is_asked(struct fs *fs, uint64_t ino, uint64_t after)
{
	return find_names(fs, ino, after);
}

bool load_is_ahead(struct fs *fs, uint64_t ino, uint64_t after)
{
	const struct load *l = find_names(fs, ino, after);

	return l && l->ahead;
}
