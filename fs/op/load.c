#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/log.h"
#include "op/op.h"

/*
 * What is not in the state is asked of the database once, however many requests want it; they are
 * parked with the load and run again when the answer is in the state.
 */
enum load_kind { LOAD_INODE, LOAD_NAME, LOAD_DIR, LOAD_XATTRS };

/* At most so many names at once: read_dir.sql has the number, too. */
#define LOAD_PAGE_ROWS 1000

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
	struct parked *waiters;
	uint64_t evictions; /* state.evictions when it was asked */
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
		inode_refresh(inode, &attr);
	if (!inode)
		inode = inode_add(&fs->state, &attr, row_bytes(res, row, COL_TARGET));
	if (taken) {
		inode->xattr_bytes = (uint64_t)row_int(res, row, COL_XATTR_BYTES(res));
		inode->charge.bytes += inode->charge.counted ? inode->xattr_bytes : 0;
	}
	if (S_ISDIR(attr.mode) && !inode->parent && !PQgetisnull(res, row, COL_PARENT))
		inode->parent = (uint64_t)row_int(res, row, COL_PARENT);
	return inode;
}

/* What each row may be by itself, but not beside what is known already. */
static int contradicts(uint64_t ino, const char *what)
{
	log_error("inode %" PRIu64 ": the database has what cannot be: %s; `thule fsck` lists all "
		  "that is wrong",
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
	if (dir_has(&dir->dir, cookie))
		return contradicts(dir->ino, "two names with the same cookie");
	inode = fill_inode(fs, res, row);
	if (!inode->gone)
		dirent_set(&fs->state, dir, name, inode->ino, cookie, inode->attr.mode);
	return 0;
}

static int fill_xattrs(struct inode *inode, const PGresult *res)
{
	if (xattrs_known(inode))
		return 0;
	if ((uint32_t)PQntuples(res) != inode->attr.xattrs)
		return contradicts(inode->ino, "another number of attributes than it counts");
	for (int row = 0; row < PQntuples(res); row++)
		xattr_set(inode, row_bytes(res, row, 0), row_bytes(res, row, 1));
	inode->xattrs_known = true;
	return 0;
}

/* Up to which cookie an answer has all names. */
static uint64_t page_end(const PGresult *res)
{
	int rows = PQntuples(res);

	return rows < LOAD_PAGE_ROWS ? UINT64_MAX : (uint64_t)row_int(res, rows - 1, COL_COOKIE);
}

/* Returns an errno for those who wait: ESTALE when there never was one, or nothing is left of it.
 */
static int fill_one(struct fs *fs, uint64_t ino, const PGresult *res)
{
	bool none = PQntuples(res) == 0, gone = !none && row_int(res, 0, COL_GONE);
	struct inode *inode = inode_find(&fs->state, ino);

	if (none && !inode)
		return ESTALE;
	if ((none || gone) && inode) {
		if (inode->stale)
			inode_refresh(inode, NULL);
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
		return fill_one(fs, l->key.ino, res);
	dir = inode_find(&fs->state, l->key.ino);
	if (!dir)
		return 0;
	if (l->key.kind == LOAD_XATTRS)
		return fill_xattrs(dir, res);
	for (int row = 0; !rc && row < PQntuples(res); row++)
		rc = fill_name(fs, dir, res, row);
	if (rc)
		return rc;
	if (l->key.kind == LOAD_DIR)
		dir_known(&dir->dir, l->key.off, page_end(res));
	else if (!dirent_find(&fs->state, dir->ino, name))
		dirent_set(&fs->state, dir, name, 0, 0, 0);
	return 0;
}

static void load_done(struct reader_query *q, const PGresult *res, const struct error *err)
{
	struct load *l = q->arg;
	struct fs *fs = l->fs;
	struct parked *waiters;
	int error = 0;

	if (err)
		log_error("%s", err->text);
	pthread_mutex_lock(&fs->lock);
	HASH_DEL(fs->loads, l);
	/* Something was evicted since it was asked, so the answer may be older than what was
	 * evicted: the parked requests ask again. */
	if (err)
		error = error_to_errno(err);
	else if (l->evictions == fs->state.evictions)
		error = fill(l, res);
	waiters = l->waiters;
	state_evict(&fs->state, journal_committed(fs->journal));
	pthread_mutex_unlock(&fs->lock);
	while (waiters) {
		struct parked *p = waiters;
		waiters = p->next;
		transport_resume(p, error);
	}
	free(l);
	free(q);
}

static struct load *load_start(struct fs *fs, const struct load_key *key)
{
	static const enum stmt stmts[] = {
		[LOAD_INODE] = STMT_READ_INODE,
		[LOAD_NAME] = STMT_READ_DIRENT,
		[LOAD_DIR] = STMT_READ_DIR,
		[LOAD_XATTRS] = STMT_READ_XATTRS,
	};
	struct load *l = xcalloc(1, sizeof(*l));
	struct reader_query *q = reader_query_new(stmts[key->kind], load_done, l);

	l->key = *key;
	l->fs = fs;
	l->evictions = fs->state.evictions;
	HASH_ADD(hh, fs->loads, key, sizeof(l->key), l);
	reader_query_int(q, (int64_t)key->ino);
	if (key->kind == LOAD_NAME)
		reader_query_bytes(q, key->name, key->name_len);
	if (key->kind == LOAD_DIR)
		reader_query_int(q, (int64_t)key->off);
	reader_submit(fs->reader, q);
	return l;
}

static int load_key(struct call *c, const struct load_key *key)
{
	struct load *l;
	struct parked *p;

	if (transport_error())
		return transport_error();
	HASH_FIND(hh, c->fs->loads, key, sizeof(*key), l);
	if (!l)
		l = load_start(c->fs, key);
	p = transport_park(c->fs->transport, c->req);
	p->next = l->waiters;
	l->waiters = p;
	return CALL_PARKED;
}

static int load(struct call *c, enum load_kind kind, uint64_t ino, struct bytes name)
{
	struct load_key key = {.kind = kind, .ino = ino, .name_len = name.len};

	if (name.len)
		memcpy(key.name, name.data, name.len);
	return load_key(c, &key);
}

int need_inode(struct call *c, uint64_t ino, struct inode **inode)
{
	*inode = inode_find(&c->fs->state, ino);
	return *inode && !(*inode)->stale ? 0 : load(c, LOAD_INODE, ino, (struct bytes){0});
}

int need_dir(struct call *c, uint64_t ino, struct inode **dir)
{
	int rc = need_inode(c, ino, dir);

	if (rc)
		return rc;
	if (!S_ISDIR((*dir)->attr.mode))
		return ENOTDIR;
	return (*dir)->gone ? ENOENT : 0;
}

int need_name(struct call *c, struct inode *dir, struct bytes name, struct dirent_node **d)
{
	if (name.len > NAME_MAX_BYTES)
		return ENAMETOOLONG;
	*d = dirent_find(&c->fs->state, dir->ino, name);
	if (*d && !(*d)->ino)
		*d = NULL;
	else if (!*d && !dir->dir.complete)
		return load(c, LOAD_NAME, dir->ino, name);
	return 0;
}

int need_entry(struct call *c, struct inode *dir, struct bytes name, struct dirent_node **d,
	struct inode **inode)
{
	int rc = need_name(c, dir, name, d);

	if (rc)
		return rc;
	return *d ? need_inode(c, (*d)->ino, inode) : ENOENT;
}

/* The next name after a cookie, among those that are known. */
static bool has_next(const struct dir_index *index, uint64_t cookie)
{
	for (size_t i = dir_seek(index, cookie); i < index->count; i++) {
		if (index->slots[i].cookie > index->upto)
			return false;
		if (index->slots[i].node)
			return true;
	}
	return false;
}

int need_names(struct call *c, struct inode *dir, uint64_t after)
{
	const struct dir_index *index = &dir->dir;
	struct load_key key = {.kind = LOAD_DIR, .ino = dir->ino, .off = after};

	if (after >= index->from && after <= index->upto) {
		if (index->upto == UINT64_MAX || has_next(index, after))
			return 0;
		key.off = index->upto;
	}
	return load_key(c, &key);
}

int need_empty(struct call *c, struct inode *dir)
{
	int rc = dir->dir.live ? 0 : need_names(c, dir, 0);

	return !rc && dir->dir.live ? ENOTEMPTY : rc;
}

int need_xattrs(struct call *c, struct inode *inode)
{
	return xattrs_known(inode) ? 0 : load(c, LOAD_XATTRS, inode->ino, (struct bytes){0});
}

/* A parked request that waits for the journal. */
struct journal_wait {
	struct journal_waiter waiter;
	struct parked *parked;
};

static void wait_over(struct journal_waiter *w, int error)
{
	struct journal_wait *wait = (struct journal_wait *)w;

	transport_resume(wait->parked, error);
	free(wait);
}

static int wait_room(struct call *c)
{
	struct journal_wait *wait;

	if (transport_error())
		return transport_error();
	wait = xcalloc(1, sizeof(*wait));
	wait->waiter.fn = wait_over;
	wait->parked = transport_park(c->fs->transport, c->req);
	journal_wait_room(c->fs->journal, &wait->waiter);
	return CALL_PARKED;
}

static int need(struct call *c, size_t data, enum journal_use use)
{
	enum journal_room room;

	if (journal_failed(c->fs->journal))
		return EIO;
	room = journal_room(c->fs->journal, data, use);
	if (room != JOURNAL_LATER)
		return room == JOURNAL_ROOM ? 0 : ENOSPC;
	return wait_room(c);
}

int need_unheld(struct call *c)
{
	return journal_held(c->fs->journal) ? wait_room(c) : 0;
}

static int wait_for(struct call *c, bool (*is_over)(struct journal *j, struct journal_waiter *w))
{
	struct journal_wait *wait;

	if (journal_failed(c->fs->journal))
		return EIO;
	if (transport_error())
		return transport_error();
	wait = xcalloc(1, sizeof(*wait));
	wait->waiter.fn = wait_over;
	if (is_over(c->fs->journal, &wait->waiter)) {
		free(wait);
		return EIO;
	}
	wait->parked = transport_park(c->fs->transport, c->req);
	return CALL_PARKED;
}

int need_committed(struct call *c)
{
	return wait_for(c, journal_commit);
}

int need_flushed(struct call *c, uint64_t op)
{
	return op <= journal_flushed(c->fs->journal) ? 0 : wait_for(c, journal_sync);
}

int need_space(struct call *c, size_t data)
{
	return need(c, data, JOURNAL_GROW);
}

int need_room(struct call *c, size_t data)
{
	return need(c, data, JOURNAL_CHANGE);
}

int need_journal(struct call *c)
{
	return need(c, 0, JOURNAL_END);
}
