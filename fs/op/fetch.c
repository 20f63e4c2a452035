#include "op/fetch.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"

struct target {
	uint64_t ino, number;
};

struct fetch {
	struct fs *fs;
	struct request_waiters waiters;
	size_t count;
	struct target targets[FETCH_FILES];
};

/* Columns of read_data; read_files has the inode before them. */
enum { COL_OFF, COL_BYTES };

struct fetch *fetch_new(struct fs *fs)
{
	struct fetch *f = xcalloc(1, sizeof(*f));

	f->fs = fs;
	return f;
}

size_t fetch_count(const struct fetch *f)
{
	return f->count;
}

/* What the database has of a chunk ends with the chunk, or with the file. */
static uint64_t bytes_of(const struct inode *inode, uint64_t number)
{
	uint64_t lo = number * CHUNK_BYTES;
	uint64_t left = inode->base_end > lo ? inode->base_end - lo : 0;

	return left < CHUNK_BYTES ? left : CHUNK_BYTES;
}

bool fetch_chunk(struct fetch *f, struct inode *inode, uint64_t number, bool ahead)
{
	struct chunks *cs = &f->fs->state.chunks;
	uint64_t lo = number * CHUNK_BYTES, bytes = bytes_of(inode, number);

	if (chunk_find(cs, inode->ino, number))
		return true;
	if (!bytes || f->count == FETCH_FILES ||
		pending_first(inode, lo, CHUNK_BYTES) != lo + CHUNK_BYTES ||
		!chunk_expect(cs, inode, number, bytes, ahead, f))
		return false;
	f->targets[f->count++] = (struct target){inode->ino, number};
	return true;
}

static void release(void *memory)
{
	PQclear(memory);
}

static struct answer *new_answer(const struct reader_query *q, const struct fetch *f, PGresult *res)
{
	int first = q->stmt == STMT_READ_FILES ? 1 : 0, rows = PQntuples(res);
	struct answer *a = xcalloc(1, sizeof(*a) + (size_t)rows * sizeof(a->pieces[0]));

	*a = (struct answer){.users = 1, .memory = res, .release = release, .count = (size_t)rows};
	for (int row = 0; row < rows; row++) {
		uint64_t ino = first ? (uint64_t)row_int(res, row, 0) : f->targets[0].ino;

		a->pieces[row] = (struct piece){ino, (uint64_t)row_int(res, row, first + COL_OFF),
			(uint64_t)PQgetlength(res, row, first + COL_BYTES),
			PQgetvalue(res, row, first + COL_BYTES)};
		a->bytes += a->pieces[row].len;
	}
	a->bytes += sizeof(*a) + a->count * sizeof(a->pieces[0]);
	return a;
}

/* Under the lock. Pieces are in the order of the targets; one may lie in two of those. */
static void fill(struct fetch *f, struct answer *a)
{
	const struct target *t = f->targets;
	size_t at = 0, end;

	for (size_t i = 0; i < f->count; i++, t++) {
		struct chunk *chunk = chunk_find(&f->fs->state.chunks, t->ino, t->number);
		uint64_t lo = t->number * CHUNK_BYTES;

		while (at < a->count && a->pieces[at].ino == t->ino &&
			a->pieces[at].off + a->pieces[at].len <= lo)
			at++;
		for (end = at; end < a->count && a->pieces[end].ino == t->ino &&
			       a->pieces[end].off < lo + CHUNK_BYTES;
			end++)
			;
		/* One that is not this fetch's any more was changed meanwhile. */
		if (chunk && chunk->asked_by == f && !chunk->answer)
			chunk_fill(chunk, a, at, end);
		if (i + 1 < f->count && t[1].ino != t->ino)
			at = end;
	}
}

/* Under the lock: nothing came for those that are still expected. */
static void forget(struct fetch *f)
{
	for (size_t i = 0; i < f->count; i++) {
		struct chunk *chunk =
			chunk_find(&f->fs->state.chunks, f->targets[i].ino, f->targets[i].number);

		if (chunk && chunk->asked_by == f && !chunk->answer)
			chunk_read(chunk, chunk->unread);
	}
}

static void fetch_done(struct reader_query *q, PGresult *res, const struct error *err)
{
	struct fetch *f = q->arg;
	struct fs *fs = f->fs;
	struct answer *a = err ? NULL : new_answer(q, f, res), *unused;

	if (err)
		log_error("%s", err->text);
	pthread_mutex_lock(&fs->lock);
	if (a) {
		answer_count(&fs->state.chunks, a);
		fill(f, a);
		answer_put(&fs->state.chunks, a);
	} else {
		forget(f);
	}
	unused = chunks_unused(&fs->state.chunks);
	pthread_mutex_unlock(&fs->lock);
	request_waiters_wake(&f->waiters, err ? error_to_errno(err) : 0);
	answers_free(unused);
	free(f);
	free(q);
}

void fetch_range(struct fetch *f)
{
	struct reader_query *q;
	uint64_t end;

	if (!f->count) {
		free(f);
		return;
	}
	q = reader_query_new(STMT_READ_DATA, fetch_done, f);
	reader_query_int(q, (int64_t)f->targets[0].ino);
	reader_query_int(q, (int64_t)(f->targets[0].number * CHUNK_BYTES));
	end = (f->targets[f->count - 1].number + 1) * CHUNK_BYTES;
	reader_query_int(q, end > INT64_MAX ? INT64_MAX : (int64_t)end);
	reader_submit(f->fs->reader, q);
}

void fetch_files(struct fetch *f)
{
	struct reader_query *q;
	uint64_t inos[FETCH_FILES];
	const uint64_t *columns[] = {inos};

	for (size_t i = 0; i < f->count; i++)
		inos[i] = f->targets[i].ino;
	q = reader_query_new_arrays(STMT_READ_FILES, fetch_done, f, columns, 1, f->count);
	reader_query_int(q, FETCH_SMALL_BYTES);
	reader_submit(f->fs->reader, q);
}

void fetch_wait(struct call *c, const struct chunk *chunk)
{
	/* It was asked for by a fetch, which is there until it has come. */
	struct fetch *f = (struct fetch *)(uintptr_t)chunk->asked_by;

	request_waiters_add(&f->waiters, request_suspend(c->req, WAIT_DATA));
}
