#include "journal/batch_impl.h"

#include <stdlib.h>
#include <string.h>

static struct dirent_fold *find_or_add(
	struct batch *b, const struct effect *e, bool existed, struct when w)
{
	struct bytes name = e->dirent.name;
	struct dirent_fold *f = xcalloc(1, sizeof(*f) + name.len + 1), *found;

	f->parent = e->dirent.parent;
	f->name_len = (uint16_t)name.len;
	memcpy(f->name, name.data, name.len);
	HASH_FIND(hh, b->dirents, &f->parent, sizeof(f->parent) + name.len, found);
	if (found) {
		free(f);
		return found;
	}
	f->existed = existed;
	f->ended = w;
	HASH_ADD(hh, b->dirents, parent, sizeof(f->parent) + name.len, f);
	return f;
}

static struct bytes fold_name(const struct dirent_fold *f)
{
	return (struct bytes){f->name, f->name_len};
}

static void rows_dirent(struct rows *r, const struct dirent_fold *f)
{
	rows_int(r, (int64_t)f->parent);
	rows_bytes(r, fold_name(f));
	rows_int(r, (int64_t)f->ino);
	rows_int(r, (int64_t)f->cookie);
	rows_when(r, f->from);
}

void dirent_fold_put(struct batch *b, const struct effect *e, struct when w)
{
	struct dirent_fold *f = find_or_add(b, e, false, w);

	f->live = true;
	f->from = w;
	f->ino = e->dirent.ino;
	f->cookie = e->dirent.cookie;
}

void dirent_fold_gone(struct batch *b, const struct effect *e, struct when w)
{
	struct dirent_fold *f = find_or_add(b, e, true, w);

	if (f->live) {
		rows_dirent(&b->rows[ROWS_DIRENT_HISTORY], f);
		rows_when(&b->rows[ROWS_DIRENT_HISTORY], w);
	}
	f->live = false;
}

void dirent_fold_finish(struct batch *b)
{
	struct dirent_fold *f, *tmp;

	HASH_ITER (hh, b->dirents, f, tmp) {
		if (f->existed) {
			struct rows *r = &b->rows[ROWS_DIRENT_CLOSE];
			rows_int(r, (int64_t)f->parent);
			rows_bytes(r, fold_name(f));
			rows_when(r, f->ended);
		}
		if (f->live)
			rows_dirent(&b->rows[ROWS_DIRENT_INSERT], f);
	}
}

void dirent_fold_reset(struct batch *b)
{
	struct dirent_fold *f, *tmp;

	HASH_ITER (hh, b->dirents, f, tmp) {
		HASH_DEL(b->dirents, f);
		free(f);
	}
}

void batch_each_name(
	const struct batch *b, void (*fn)(void *arg, uint64_t parent, struct bytes name), void *arg)
{
	for (const struct dirent_fold *f = b->dirents; f; f = f->hh.next)
		fn(arg, f->parent, fold_name(f));
}
