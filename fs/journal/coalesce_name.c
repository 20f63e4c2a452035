#include "journal/coalesce_name.h"

#include <stdlib.h>
#include <string.h>

/* The rows of directory entries, and those of extended attributes. */
struct name_table {
	enum rows_id close, history, insert;
	void (*fill)(struct rows *r, const struct coalesced_name *n);
};

static struct bytes key_name(const struct coalesced_name *n)
{
	return (struct bytes){n->name, n->name_len};
}

static void fill_dirent(struct rows *r, const struct coalesced_name *n)
{
	rows_int(r, (int64_t)n->of);
	rows_bytes(r, key_name(n));
	rows_int(r, (int64_t)n->ino);
	rows_int(r, (int64_t)n->cookie);
	rows_when(r, n->from);
}

static void fill_xattr(struct rows *r, const struct coalesced_name *n)
{
	rows_int(r, (int64_t)n->of);
	rows_bytes(r, key_name(n));
	rows_bytes(r, n->value);
	rows_when(r, n->from);
}

static const struct name_table dirents = {
	ROWS_DIRENT_CLOSE, ROWS_DIRENT_HISTORY, ROWS_DIRENT_INSERT, fill_dirent};
static const struct name_table xattrs = {
	ROWS_XATTR_CLOSE, ROWS_XATTR_HISTORY, ROWS_XATTR_INSERT, fill_xattr};

static struct coalesced_name *find_or_add(
	struct coalesced_name **names, uint64_t of, struct bytes name, bool existed, struct when w)
{
	struct coalesced_name *n = xcalloc(1, sizeof(*n) + name.len + 1), *found;

	n->of = of;
	n->name_len = (uint16_t)name.len;
	memcpy(n->name, name.data, name.len);
	HASH_FIND(hh, *names, &n->of, sizeof(n->of) + name.len, found);
	if (found) {
		free(n);
		return found;
	}
	n->existed = existed;
	n->ended = w;
	HASH_ADD(hh, *names, of, sizeof(n->of) + name.len, n);
	return n;
}

/* Ends the version in n, which goes to the history without having been in the present. */
static void end_version(struct name_coalescer *c, const struct name_table *t,
	struct coalesced_name *n, struct when w)
{
	if (n->live) {
		t->fill(&c->rows[t->history], n);
		rows_when(&c->rows[t->history], w);
	}
	n->live = false;
}

void coalesce_dirent(struct name_coalescer *c, const struct change *e, struct when w)
{
	struct coalesced_name *n =
		find_or_add(&c->dirents, e->dirent.parent, e->dirent.name, false, w);

	n->live = true;
	n->from = w;
	n->ino = e->dirent.ino;
	n->cookie = e->dirent.cookie;
}

void coalesce_dirent_gone(struct name_coalescer *c, const struct change *e, struct when w)
{
	end_version(c, &dirents,
		find_or_add(&c->dirents, e->dirent.parent, e->dirent.name, true, w), w);
}

void coalesce_xattr(struct name_coalescer *c, const struct change *e, struct when w)
{
	bool existed = !(e->flags & CHANGE_NEW);
	struct coalesced_name *n = find_or_add(&c->xattrs, e->xattr.ino, e->xattr.name, existed, w);

	end_version(c, &xattrs, n, w);
	n->live = true;
	n->from = w;
	n->value = e->xattr.value;
}

void coalesce_xattr_gone(struct name_coalescer *c, const struct change *e, struct when w)
{
	end_version(c, &xattrs, find_or_add(&c->xattrs, e->xattr.ino, e->xattr.name, true, w), w);
}

void coalesce_xattrs_gone(struct name_coalescer *c, uint64_t ino, struct when w)
{
	struct rows *close = &c->rows[ROWS_XATTR_CLOSE];

	for (struct coalesced_name *n = c->xattrs; n; n = n->hh.next)
		if (n->of == ino)
			end_version(c, &xattrs, n, w);
	rows_int(close, (int64_t)ino);
	rows_bytes_or_null(close, (struct bytes){0});
	rows_when(close, w);
}

static void finish(
	struct name_coalescer *c, const struct name_table *t, struct coalesced_name *names)
{
	for (struct coalesced_name *n = names; n; n = n->hh.next) {
		if (n->existed) {
			struct rows *r = &c->rows[t->close];
			rows_int(r, (int64_t)n->of);
			rows_bytes(r, key_name(n));
			rows_when(r, n->ended);
		}
		if (n->live)
			t->fill(&c->rows[t->insert], n);
	}
}

void coalesce_names_finish(struct name_coalescer *c)
{
	finish(c, &dirents, c->dirents);
	finish(c, &xattrs, c->xattrs);
}

static void reset(struct coalesced_name **names)
{
	struct coalesced_name *n, *tmp;

	HASH_ITER (hh, *names, n, tmp) {
		HASH_DEL(*names, n);
		free(n);
	}
}

void coalesce_names_reset(struct name_coalescer *c)
{
	reset(&c->dirents);
	reset(&c->xattrs);
}
