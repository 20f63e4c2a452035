#include "journal/coalesce_inode.h"

#include <stdlib.h>

/* Adds the columns of thule.inode from ino to target. */
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

/* Ends the version in i->cur, which goes to the history without having been in the present. */
static void end_version(struct inode_coalescer *c, struct coalesced_inode *i, struct when w)
{
	struct rows *r = &c->rows[ROWS_INODE_HISTORY];
	rows_inode(r, &i->cur, i->target);
	rows_when(r, i->from);
	rows_when(r, w);
}

static struct coalesced_inode *find_or_add(
	struct inode_coalescer *c, uint64_t ino, bool existed, struct when w)
{
	struct coalesced_inode *i;

	HASH_FIND(hh, c->inodes, &ino, sizeof(ino), i);
	if (i)
		return i;
	i = xcalloc(1, sizeof(*i));
	i->ino = ino;
	i->existed = existed;
	i->ended = w;
	HASH_ADD(hh, c->inodes, ino, sizeof(ino), i);
	return i;
}

void coalesce_inode(struct inode_coalescer *c, const struct change *e, struct when w)
{
	const struct inode_attr *attr = &e->inode.attr;
	struct coalesced_inode *i = find_or_add(c, attr->ino, !(e->flags & CHANGE_NEW), w);

	if (e->flags & CHANGE_NEW && attr->ino >= c->next_ino)
		c->next_ino = attr->ino + 1;
	/* A rename in one directory changes it twice with one op: one version. */
	if (i->live && i->from.op != w.op)
		end_version(c, i, w);
	i->live = true;
	i->from = w;
	i->cur = *attr;
	i->target = e->inode.target;
}

/* The version that is there now takes the time in place; those that ended keep theirs. */
void coalesce_atime(struct inode_coalescer *c, const struct change *e)
{
	struct coalesced_inode *i;
	struct coalesced_atime *a;

	HASH_FIND(hh, c->inodes, &e->atime.ino, sizeof(e->atime.ino), i);
	if (i) {
		i->cur.atime = e->atime.ns;
		return;
	}
	HASH_FIND(hh, c->atimes, &e->atime.ino, sizeof(e->atime.ino), a);
	if (!a) {
		a = xcalloc(1, sizeof(*a));
		a->ino = e->atime.ino;
		HASH_ADD(hh, c->atimes, ino, sizeof(a->ino), a);
	}
	a->ns = e->atime.ns;
}

void coalesce_inode_gone(struct inode_coalescer *c, uint64_t ino, struct when w)
{
	struct coalesced_inode *i = find_or_add(c, ino, true, w);

	if (i->live)
		end_version(c, i, w);
	i->live = false;
}

bool coalesce_inode_is_new(const struct inode_coalescer *c, uint64_t ino)
{
	const struct coalesced_inode *i;

	HASH_FIND(hh, c->inodes, &ino, sizeof(ino), i);
	return i && !i->existed;
}

void coalesce_inodes_finish(struct inode_coalescer *c)
{
	struct coalesced_inode *i, *tmp;

	for (const struct coalesced_atime *a = c->atimes; a; a = a->hh.next) {
		rows_int(&c->rows[ROWS_ATIME], (int64_t)a->ino);
		rows_int(&c->rows[ROWS_ATIME], a->ns);
	}
	HASH_ITER (hh, c->inodes, i, tmp) {
		if (i->existed) {
			rows_int(&c->rows[ROWS_INODE_CLOSE], (int64_t)i->ino);
			rows_when(&c->rows[ROWS_INODE_CLOSE], i->ended);
			if (!i->live)
				rows_int(&c->rows[ROWS_INODE_DELETE], (int64_t)i->ino);
		}
		if (i->live) {
			struct rows *r =
				&c->rows[i->existed ? ROWS_INODE_UPDATE : ROWS_INODE_INSERT];
			rows_inode(r, &i->cur, i->target);
			rows_when(r, i->from);
		}
	}
}

void coalesce_inodes_reset(struct inode_coalescer *c)
{
	struct coalesced_inode *i, *tmp;
	struct coalesced_atime *a, *atmp;

	HASH_ITER (hh, c->atimes, a, atmp) {
		HASH_DEL(c->atimes, a);
		free(a);
	}
	HASH_ITER (hh, c->inodes, i, tmp) {
		HASH_DEL(c->inodes, i);
		free(i);
	}
	c->next_ino = 0;
}
