#include "journal/batch_impl.h"

#include <stdlib.h>

/* The columns of thule.inode from ino to target. */
static void rows_inode(struct rows *r, const struct inode_attr *a, struct bytes target)
{
	rows_int(r, (int64_t)a->ino);
	rows_int(r, a->mode);
	rows_int(r, a->nlink);
	rows_int(r, a->uid);
	rows_int(r, a->gid);
	rows_int(r, a->rdev);
	rows_int(r, (int64_t)a->size);
	rows_int(r, (int64_t)a->allocated);
	rows_int(r, a->atime);
	rows_int(r, a->mtime);
	rows_int(r, a->ctime);
	rows_int(r, a->btime);
	rows_int(r, a->flags);
	rows_int(r, a->xattrs);
	rows_int(r, a->project);
	rows_bytes_or_null(r, target);
}

/* The version in f->cur ended: it goes to the history without having been in the present. */
static void end_version(struct batch *b, struct inode_fold *f, struct when w)
{
	struct rows *r = &b->rows[ROWS_INODE_HISTORY];
	rows_inode(r, &f->cur, f->target);
	rows_when(r, f->from);
	rows_when(r, w);
}

static struct inode_fold *find_or_add(struct batch *b, uint64_t ino, bool existed, struct when w)
{
	struct inode_fold *f;

	HASH_FIND(hh, b->inodes, &ino, sizeof(ino), f);
	if (f)
		return f;
	f = xcalloc(1, sizeof(*f));
	f->ino = ino;
	f->existed = existed;
	f->ended = w;
	HASH_ADD(hh, b->inodes, ino, sizeof(ino), f);
	return f;
}

void inode_fold_put(struct batch *b, const struct effect *e, struct when w)
{
	const struct inode_attr *attr = &e->inode.attr;
	struct inode_fold *f = find_or_add(b, attr->ino, !(e->flags & EFFECT_NEW), w);

	if (e->flags & EFFECT_NEW && attr->ino >= b->next_ino)
		b->next_ino = attr->ino + 1;
	/* An op may say it twice of a directory: of the name that goes, and of the one that comes.
	 */
	if (f->live && f->from.op != w.op)
		end_version(b, f, w);
	f->live = true;
	f->from = w;
	f->cur = *attr;
	f->target = e->inode.target;
}

/* What ended before keeps the access time that it had; what is there now takes it in place. */
void inode_fold_atime(struct batch *b, const struct effect *e)
{
	struct inode_fold *f;
	struct atime_fold *a;

	HASH_FIND(hh, b->inodes, &e->atime.ino, sizeof(e->atime.ino), f);
	if (f) {
		f->cur.atime = e->atime.ns;
		return;
	}
	HASH_FIND(hh, b->atimes, &e->atime.ino, sizeof(e->atime.ino), a);
	if (!a) {
		a = xcalloc(1, sizeof(*a));
		a->ino = e->atime.ino;
		HASH_ADD(hh, b->atimes, ino, sizeof(a->ino), a);
	}
	a->ns = e->atime.ns;
}

void inode_fold_gone(struct batch *b, uint64_t ino, struct when w)
{
	struct inode_fold *f = find_or_add(b, ino, true, w);

	if (f->live)
		end_version(b, f, w);
	f->live = false;
}

void inode_fold_finish(struct batch *b)
{
	struct inode_fold *f, *tmp;

	for (const struct atime_fold *a = b->atimes; a; a = a->hh.next) {
		rows_int(&b->rows[ROWS_ATIME], (int64_t)a->ino);
		rows_int(&b->rows[ROWS_ATIME], a->ns);
	}
	HASH_ITER (hh, b->inodes, f, tmp) {
		if (f->existed) {
			rows_int(&b->rows[ROWS_INODE_CLOSE], (int64_t)f->ino);
			rows_when(&b->rows[ROWS_INODE_CLOSE], f->ended);
			if (!f->live)
				rows_int(&b->rows[ROWS_INODE_DELETE], (int64_t)f->ino);
		}
		if (f->live) {
			struct rows *r =
				&b->rows[f->existed ? ROWS_INODE_UPDATE : ROWS_INODE_INSERT];
			rows_inode(r, &f->cur, f->target);
			rows_when(r, f->from);
		}
	}
}

void inode_fold_reset(struct batch *b)
{
	struct inode_fold *f, *tmp;
	struct atime_fold *a, *atmp;

	HASH_ITER (hh, b->atimes, a, atmp) {
		HASH_DEL(b->atimes, a);
		free(a);
	}
	HASH_ITER (hh, b->inodes, f, tmp) {
		HASH_DEL(b->inodes, f);
		free(f);
	}
}

void batch_each_inode(const struct batch *b, void (*fn)(void *arg, uint64_t ino), void *arg)
{
	for (const struct inode_fold *f = b->inodes; f; f = f->hh.next)
		fn(arg, f->ino);
}
