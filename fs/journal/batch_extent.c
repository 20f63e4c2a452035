#include "journal/batch_impl.h"

#include <stdlib.h>

/* What a row of an extent counts for, in bytes of data: a batch must not have too many. */
#define SHARE_WEIGHT 256

static struct extent_fold *find_or_add(struct batch *b, uint64_t ino)
{
	struct extent_fold *f;

	HASH_FIND(hh, b->extents, &ino, sizeof(ino), f);
	if (!f) {
		f = xcalloc(1, sizeof(*f));
		f->ino = ino;
		HASH_ADD(hh, b->extents, ino, sizeof(ino), f);
	}
	return f;
}

/* Makes room for one more element of a growing array. */
static void *grow(void *array, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return array;
	*cap = *cap ? *cap * 2 : 4;
	return xrealloc(array, *cap * size);
}

static void add_piece(struct extent_fold *f, struct piece p)
{
	f->pieces = grow(f->pieces, f->piece_count, &f->piece_cap, sizeof(p));
	f->pieces[f->piece_count++] = p;
	f->sealed = false;
}

static void add_cut(struct extent_fold *f, uint64_t lo, uint64_t hi, struct when at)
{
	f->cuts = grow(f->cuts, f->cut_count, &f->cut_cap, sizeof(*f->cuts));
	f->cuts[f->cut_count++] = (struct cut){lo, hi, at};
}

/* Adds [lo, hi) to the cuts, less what was cut already: the first cut is what ended a row. */
static void add_cuts(struct extent_fold *f, uint64_t lo, uint64_t hi, struct when at, size_t from)
{
	for (size_t i = from; i < f->cut_count && lo < hi; i++) {
		struct cut c = f->cuts[i];
		if (c.hi <= lo || c.lo >= hi)
			continue;
		if (c.lo > lo)
			add_cuts(f, lo, c.lo, at, i + 1);
		lo = c.hi;
	}
	if (lo < hi)
		add_cut(f, lo, hi, at);
}

static void rows_extent(struct rows *r, uint64_t ino, const struct piece *p)
{
	rows_int(r, (int64_t)ino);
	rows_int(r, (int64_t)p->off);
	rows_int(r, (int64_t)p->len);
	rows_int(r, (int64_t)p->blob);
	rows_int(r, (int64_t)p->blob_off);
	rows_when(r, p->from);
}

/* Takes [lo, hi) out of the pieces of this batch; what is taken goes to the history. */
static void cut_pieces(
	struct batch *b, struct extent_fold *f, uint64_t lo, uint64_t hi, struct when at)
{
	struct rows *history = &b->rows[ROWS_EXTENT_HISTORY];

	for (size_t i = 0; i < f->piece_count; i++) {
		struct piece p = f->pieces[i], gone = p;
		uint64_t end = p.off + p.len;

		if (end <= lo || p.off >= hi)
			continue;
		gone.off = p.off > lo ? p.off : lo;
		gone.len = (end < hi ? end : hi) - gone.off;
		gone.blob_off = p.blob_off + (gone.off - p.off);
		rows_extent(history, f->ino, &gone);
		rows_when(history, at);
		/* What is gone as a whole leaves the list, which else would grow with each
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

static size_t add_run(struct batch *b, const char *data, uint32_t len)
{
	b->runs = grow(b->runs, b->run_count, &b->run_cap, sizeof(*b->runs));
	b->runs[b->run_count] = (struct run){data, len, -1};
	return b->run_count++;
}

/*
 * Joins bytes to the piece before them, when they continue it and its blob has room. The piece
 * began with its first op, so this is only for bytes past the end of the file: at that op nobody
 * could see them.
 */
static bool append(struct batch *b, struct extent_fold *f, uint64_t off, const char *data,
	uint32_t len, uint64_t actor)
{
	struct piece *p;
	struct blob *blob;
	size_t run;

	if (!f->piece_count || f->sealed)
		return false;
	p = &f->pieces[f->piece_count - 1];
	if (p->own == BLOB_SHARED)
		return false;
	blob = &b->blobs[p->own];
	if (p->off + p->len != off || p->actor != actor || p->blob_off + p->len != blob->len ||
		blob->len + len > EXTENT_MAX)
		return false;
	run = add_run(b, data, len);
	b->runs[blob->last].next = (int32_t)run;
	blob->last = (int32_t)run;
	blob->len += len;
	p->len += len;
	return true;
}

static void add_blob_piece(struct batch *b, struct extent_fold *f, uint64_t off, const char *data,
	uint32_t len, struct when w, uint64_t actor)
{
	size_t run = add_run(b, data, len);

	b->blobs = grow(b->blobs, b->blob_count, &b->blob_cap, sizeof(*b->blobs));
	b->blobs[b->blob_count] = (struct blob){b->next_blob, len, (int32_t)run, (int32_t)run};
	add_piece(f, (struct piece){off, len, b->next_blob++, 0, actor, w, b->blob_count++});
}

void extent_fold_write(struct batch *b, const struct effect *e, struct when w, uint64_t actor)
{
	struct extent_fold *f = find_or_add(b, e->extent.ino);
	const char *data = e->extent.data.data;
	uint64_t off = e->extent.off;
	uint32_t left = e->extent.data.len;
	bool fresh = e->flags & EFFECT_FRESH;

	b->bytes += left;
	if (!fresh) {
		add_cuts(f, off, off + left, w, 0);
		cut_pieces(b, f, off, off + left, w);
	}
	while (left) {
		/* Blobs end at multiples of EXTENT_MAX in the file, so that later writes line up.
		 */
		uint32_t room = EXTENT_MAX - off % EXTENT_MAX;
		uint32_t n = left < room ? left : room;
		if (!fresh || !append(b, f, off, data, n, actor))
			add_blob_piece(b, f, off, data, n, w, actor);
		data += n;
		off += n;
		left -= n;
	}
}

void extent_fold_share(struct batch *b, const struct effect *e, struct when w, uint64_t actor)
{
	struct extent_fold *f = find_or_add(b, e->extent.ino);
	const char *at = e->extent.data.data;
	const char *end = at + e->extent.data.len;
	struct share s;

	b->bytes += e->extent.data.len / sizeof(s) * SHARE_WEIGHT;
	for (; at + sizeof(s) <= end; at += sizeof(s)) {
		memcpy(&s, at, sizeof(s)); /* a record's bytes are not aligned */
		add_piece(
			f, (struct piece){s.off, s.len, s.blob, s.blob_off, actor, w, BLOB_SHARED});
	}
}

void extent_fold_cut(
	struct batch *b, uint64_t ino, uint64_t lo, uint64_t hi, struct when w, bool in_database)
{
	struct extent_fold *f;

	HASH_FIND(hh, b->extents, &ino, sizeof(ino), f);
	if (!f && !in_database)
		return;
	f = find_or_add(b, ino);
	if (in_database)
		add_cuts(f, lo, hi, w, 0);
	cut_pieces(b, f, lo, hi, w);
	f->sealed = true;
}

static void finish_blobs(struct batch *b)
{
	struct rows *r = &b->rows[ROWS_BLOB];

	for (size_t i = 0; i < b->blob_count; i++) {
		const struct blob *blob = &b->blobs[i];
		char *room;
		rows_int(r, (int64_t)blob->id);
		room = array_add_room(&r->column[1], blob->len);
		r->next = 0;
		for (int32_t j = blob->first; j >= 0; j = b->runs[j].next) {
			memcpy(room, b->runs[j].data, b->runs[j].len);
			room += b->runs[j].len;
		}
	}
}

void extent_fold_finish(struct batch *b)
{
	struct extent_fold *f, *tmp;

	finish_blobs(b);
	HASH_ITER (hh, b->extents, f, tmp) {
		for (size_t i = 0; i < f->cut_count; i++) {
			struct rows *r = &b->rows[ROWS_EXTENT_CUT];
			rows_int(r, (int64_t)f->ino);
			rows_int(r, (int64_t)f->cuts[i].lo);
			rows_int(r, (int64_t)f->cuts[i].hi);
			rows_when(r, f->cuts[i].at);
		}
		for (size_t i = 0; i < f->piece_count; i++)
			rows_extent(&b->rows[ROWS_EXTENT_INSERT], f->ino, &f->pieces[i]);
	}
}

void extent_fold_reset(struct batch *b)
{
	struct extent_fold *f, *tmp;

	HASH_ITER (hh, b->extents, f, tmp) {
		HASH_DEL(b->extents, f);
		free(f->pieces);
		free(f->cuts);
		free(f);
	}
	b->blob_count = 0;
	b->run_count = 0;
}
