#include "journal/batch_impl.h"

#include <stdlib.h>
#include <string.h>

/* Names of directories and extended attributes of inodes are folded alike: rows with a name. */
struct name_table {
	enum rows_id close, history, insert;
	void (*fill)(struct rows *r, const struct name_fold *f);
};

static struct bytes fold_name(const struct name_fold *f)
{
	return (struct bytes){f->name, f->name_len};
}

static void fill_dirent(struct rows *r, const struct name_fold *f)
{
	rows_int(r, (int64_t)f->of);
	rows_bytes(r, fold_name(f));
	rows_int(r, (int64_t)f->ino);
	rows_int(r, (int64_t)f->cookie);
	rows_when(r, f->from);
}

static void fill_xattr(struct rows *r, const struct name_fold *f)
{
	rows_int(r, (int64_t)f->of);
	rows_bytes(r, fold_name(f));
	rows_bytes(r, f->value);
	rows_when(r, f->from);
}

static const struct name_table dirents = {
	ROWS_DIRENT_CLOSE, ROWS_DIRENT_HISTORY, ROWS_DIRENT_INSERT, fill_dirent};
static const struct name_table xattrs = {
	ROWS_XATTR_CLOSE, ROWS_XATTR_HISTORY, ROWS_XATTR_INSERT, fill_xattr};

static struct name_fold *find_or_add(
	struct name_fold **folds, uint64_t of, struct bytes name, bool existed, struct when w)
{
	struct name_fold *f = xcalloc(1, sizeof(*f) + name.len + 1), *found;

	f->of = of;
	f->name_len = (uint16_t)name.len;
	memcpy(f->name, name.data, name.len);
	HASH_FIND(hh, *folds, &f->of, sizeof(f->of) + name.len, found);
	if (found) {
		free(f);
		return found;
	}
	f->existed = existed;
	f->ended = w;
	HASH_ADD(hh, *folds, of, sizeof(f->of) + name.len, f);
	return f;
}

/* The version in f ended without having been in the present. */
static void end_version(
	struct batch *b, const struct name_table *t, struct name_fold *f, struct when w)
{
	if (f->live) {
		t->fill(&b->rows[t->history], f);
		rows_when(&b->rows[t->history], w);
	}
	f->live = false;
}

void dirent_fold_put(struct batch *b, const struct effect *e, struct when w)
{
	struct name_fold *f = find_or_add(&b->dirents, e->dirent.parent, e->dirent.name, false, w);

	f->live = true;
	f->from = w;
	f->ino = e->dirent.ino;
	f->cookie = e->dirent.cookie;
}

void dirent_fold_gone(struct batch *b, const struct effect *e, struct when w)
{
	end_version(b, &dirents,
		find_or_add(&b->dirents, e->dirent.parent, e->dirent.name, true, w), w);
}

void xattr_fold_put(struct batch *b, const struct effect *e, struct when w)
{
	bool existed = !(e->flags & EFFECT_NEW);
	struct name_fold *f = find_or_add(&b->xattrs, e->xattr.ino, e->xattr.name, existed, w);

	end_version(b, &xattrs, f, w);
	f->live = true;
	f->from = w;
	f->value = e->xattr.value;
}

void xattr_fold_gone(struct batch *b, const struct effect *e, struct when w)
{
	end_version(b, &xattrs, find_or_add(&b->xattrs, e->xattr.ino, e->xattr.name, true, w), w);
}

void xattr_fold_inode_gone(struct batch *b, uint64_t ino, struct when w)
{
	struct rows *close = &b->rows[ROWS_XATTR_CLOSE];

	for (struct name_fold *f = b->xattrs; f; f = f->hh.next)
		if (f->of == ino)
			end_version(b, &xattrs, f, w);
	rows_int(close, (int64_t)ino);
	rows_bytes_or_null(close, (struct bytes){0});
	rows_when(close, w);
}

static void finish(struct batch *b, const struct name_table *t, struct name_fold *folds)
{
	for (struct name_fold *f = folds; f; f = f->hh.next) {
		if (f->existed) {
			struct rows *r = &b->rows[t->close];
			rows_int(r, (int64_t)f->of);
			rows_bytes(r, fold_name(f));
			rows_when(r, f->ended);
		}
		if (f->live)
			t->fill(&b->rows[t->insert], f);
	}
}

void name_folds_finish(struct batch *b)
{
	finish(b, &dirents, b->dirents);
	finish(b, &xattrs, b->xattrs);
}

static void reset(struct name_fold **folds)
{
	struct name_fold *f, *tmp;

	HASH_ITER (hh, *folds, f, tmp) {
		HASH_DEL(*folds, f);
		free(f);
	}
}

void name_folds_reset(struct batch *b)
{
	reset(&b->dirents);
	reset(&b->xattrs);
}

void batch_each_name(
	const struct batch *b, void (*fn)(void *arg, uint64_t parent, struct bytes name), void *arg)
{
	for (const struct name_fold *f = b->dirents; f; f = f->hh.next)
		fn(arg, f->of, fold_name(f));
}
