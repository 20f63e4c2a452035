#include "journal/coalesce_extent.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "journal/pages.h"

/* A shared piece counts as so many bytes of data: a batch must not have too many rows. */
#define SHARE_WEIGHT 256

static struct coalesced_file *find_or_add(struct extent_coalescer *c, uint64_t ino)
{
	struct coalesced_file *f;

	HASH_FIND(hh, c->files, &ino, sizeof(ino), f);
	if (!f) {
		f = xcalloc(1, sizeof(*f));
		f->ino = ino;
		HASH_ADD(hh, c->files, ino, sizeof(ino), f);
	}
	return f;
}

/* Returns the array with room for one more element. */
static void *grow(void *array, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return array;
	*cap = *cap ? *cap * 2 : 4;
	return xrealloc(array, *cap * size);
}

static void add_piece(struct coalesced_file *f, struct piece p)
{
	f->pieces = grow(f->pieces, f->piece_count, &f->piece_cap, sizeof(p));
	f->pieces[f->piece_count++] = p;
	f->sealed = false;
}

static void add_cut(struct coalesced_file *f, uint64_t lo, uint64_t hi, uint64_t op)
{
	f->cuts = grow(f->cuts, f->cut_count, &f->cut_cap, sizeof(*f->cuts));
	f->cuts[f->cut_count++] = (struct cut){lo, hi, op};
}

/* Adds [lo, hi) to the cuts, less the ranges that were cut already: the first cut ended the row. */
static void add_cuts(struct coalesced_file *f, uint64_t lo, uint64_t hi, uint64_t op, size_t from)
{
	for (size_t i = from; i < f->cut_count && lo < hi; i++) {
		struct cut c = f->cuts[i];
		if (c.hi <= lo || c.lo >= hi)
			continue;
		if (c.lo > lo)
			add_cuts(f, lo, c.lo, op, i + 1);
		lo = c.hi;
	}
	if (lo < hi)
		add_cut(f, lo, hi, op);
}

static void rows_extent(struct rows *r, uint64_t ino, const struct piece *p)
{
	rows_int(r, (int64_t)ino);
	rows_int(r, (int64_t)p->off);
	rows_int(r, (int64_t)p->len);
	rows_int(r, (int64_t)p->blob);
	rows_int(r, (int64_t)p->blob_off);
	rows_int(r, (int64_t)p->from);
}

/* Takes [lo, hi) out of the pieces of this batch and adds it to the history. */
static void cut_pieces(
	struct extent_coalescer *c, struct coalesced_file *f, uint64_t lo, uint64_t hi, uint64_t op)
{
	struct rows *history = &c->rows[ROWS_EXTENT_HISTORY];

	for (size_t i = 0; i < f->piece_count; i++) {
		struct piece p = f->pieces[i], gone = p;
		uint64_t end = p.off + p.len;

		if (end <= lo || p.off >= hi)
			continue;
		gone.off = p.off > lo ? p.off : lo;
		gone.len = (end < hi ? end : hi) - gone.off;
		gone.blob_off = p.blob_off + (gone.off - p.off);
		rows_extent(history, f->ino, &gone);
		rows_int(history, (int64_t)op);
		/* A piece that is gone as a whole leaves the list, which else would grow with each
		 * overwriting. */
		if (gone.off > p.off)
			f->pieces[i].len = gone.off - p.off;
		else
			f->pieces[i--] = f->pieces[--f->piece_count];
		if (end > hi) {
			struct piece right = p;
			right.off = hi;
			right.len = end - hi;
			right.blob_off = p.blob_off + (hi - p.off);
			add_piece(f, right);
		}
	}
}

static size_t add_run(struct extent_coalescer *c, const char *data, uint32_t len)
{
	c->runs = grow(c->runs, c->run_count, &c->run_cap, sizeof(*c->runs));
	c->runs[c->run_count] = (struct run){data, len, -1};
	return c->run_count++;
}

/*
 * Joins bytes to the piece before them, and returns true, when they continue it and its blob has
 * room. The piece began with its first op, so this is only for bytes past the end of the file: at
 * that op nobody could see them.
 */
static bool append(struct extent_coalescer *c, struct coalesced_file *f, uint64_t off,
	const char *data, uint32_t len, uint64_t actor)
{
	struct piece *p;
	struct blob *blob;
	size_t run;

	if (!f->piece_count || f->sealed)
		return false;
	p = &f->pieces[f->piece_count - 1];
	if (p->own == BLOB_SHARED)
		return false;
	blob = &c->blobs[p->own];
	if (p->off + p->len != off || p->actor != actor || p->blob_off + p->len != blob->len ||
		blob->len + len > EXTENT_MAX)
		return false;
	run = add_run(c, data, len);
	c->runs[blob->last].next = (int32_t)run;
	blob->last = (int32_t)run;
	blob->len += len;
	p->len += len;
	return true;
}

static void add_blob_piece(struct extent_coalescer *c, struct coalesced_file *f, uint64_t off,
	const char *data, uint32_t len, uint64_t op, uint64_t actor)
{
	size_t run = add_run(c, data, len);

	c->blobs = grow(c->blobs, c->blob_count, &c->blob_cap, sizeof(*c->blobs));
	c->blobs[c->blob_count] = (struct blob){c->next_blob, len, (int32_t)run, (int32_t)run};
	add_piece(f, (struct piece){off, len, c->next_blob++, 0, actor, op, c->blob_count++});
}

void coalesce_write(struct extent_coalescer *c, const struct change *e, uint64_t op, uint64_t actor)
{
	struct coalesced_file *f = find_or_add(c, e->extent.ino);
	const char *data = e->extent.data.data;
	uint64_t off = e->extent.off;
	uint32_t left = e->extent.data.len;
	bool fresh = e->flags & CHANGE_FRESH;

	c->bytes += left;
	if (!fresh) {
		add_cuts(f, off, off + left, op, 0);
		cut_pieces(c, f, off, off + left, op);
	}
	while (left) {
		/* Blobs end at multiples of EXTENT_MAX in the file: later writes line up. */
		uint32_t room = EXTENT_MAX - off % EXTENT_MAX;
		uint32_t n = left < room ? left : room;
		if (!fresh || !append(c, f, off, data, n, actor))
			add_blob_piece(c, f, off, data, n, op, actor);
		data += n;
		off += n;
		left -= n;
	}
}

void coalesce_share(struct extent_coalescer *c, const struct change *e, uint64_t op, uint64_t actor)
{
	struct coalesced_file *f = find_or_add(c, e->extent.ino);
	const char *at = e->extent.data.data;
	const char *end = at + e->extent.data.len;
	struct share s;

	c->bytes += e->extent.data.len / sizeof(s) * SHARE_WEIGHT;
	for (; at + sizeof(s) <= end; at += sizeof(s)) {
		memcpy(&s, at, sizeof(s)); /* a record's bytes are not aligned */
		add_piece(f,
			(struct piece){s.off, s.len, s.blob, s.blob_off, actor, op, BLOB_SHARED});
	}
}

void coalesce_cut(struct extent_coalescer *c, uint64_t ino, uint64_t lo, uint64_t hi, uint64_t op,
	bool in_database)
{
	struct coalesced_file *f;

	HASH_FIND(hh, c->files, &ino, sizeof(ino), f);
	if (!f && !in_database)
		return;
	f = find_or_add(c, ino);
	if (in_database)
		add_cuts(f, lo, hi, op, 0);
	cut_pieces(c, f, lo, hi, op);
	f->sealed = true;
}

static void rows_blob(struct extent_coalescer *c, const struct blob *blob)
{
	struct rows *r = &c->rows[ROWS_BLOB];
	char *room;

	rows_int(r, (int64_t)blob->id);
	room = rows_room(r, blob->len);
	for (int32_t i = blob->first; i >= 0; i = c->runs[i].next) {
		memcpy(room, c->runs[i].data, c->runs[i].len);
		room += c->runs[i].len;
	}
}

static void finish_blobs(struct extent_coalescer *c)
{
	uint32_t *bytes = xcalloc(c->blob_count + 1, sizeof(*bytes));
	uint32_t *order = xcalloc(c->blob_count + 1, sizeof(*order));

	for (size_t i = 0; i < c->blob_count; i++)
		bytes[i] = c->blobs[i].len;
	pages_order(bytes, c->blob_count, order);
	for (size_t i = 0; i < c->blob_count; i++)
		rows_blob(c, &c->blobs[order[i]]);
	free(bytes);
	free(order);
}

/* A cut of everything is a statement of its own, which need not look at offsets. */
static void rows_cut(struct extent_coalescer *c, uint64_t ino, const struct cut *cut)
{
	bool all = cut->lo == 0 && cut->hi == INT64_MAX;
	struct rows *r = &c->rows[all ? ROWS_EXTENT_CLOSE : ROWS_EXTENT_CUT];

	rows_int(r, (int64_t)ino);
	if (!all) {
		rows_int(r, (int64_t)cut->lo);
		rows_int(r, (int64_t)cut->hi);
	}
	rows_int(r, (int64_t)cut->op);
}

void coalesce_extents_finish(struct extent_coalescer *c)
{
	struct coalesced_file *f, *tmp;

	finish_blobs(c);
	HASH_ITER (hh, c->files, f, tmp) {
		for (size_t i = 0; i < f->cut_count; i++)
			rows_cut(c, f->ino, &f->cuts[i]);
		for (size_t i = 0; i < f->piece_count; i++)
			rows_extent(&c->rows[ROWS_EXTENT_INSERT], f->ino, &f->pieces[i]);
	}
}

void coalesce_extents_reset(struct extent_coalescer *c)
{
	struct coalesced_file *f, *tmp;

	HASH_ITER (hh, c->files, f, tmp) {
		HASH_DEL(c->files, f);
		free(f->pieces);
		free(f->cuts);
		free(f);
	}
	c->blob_count = c->run_count = 0;
	c->bytes = 0;
}

void coalesce_extents_free(struct extent_coalescer *c)
{
	free(c->blobs);
	free(c->runs);
}
