#include "tar/sparse.h"

#include <sys/mman.h>

#include "db/conn.h"
#include "db/row.h"

/* Smaller files are not worth a question to the database. */
#define ASKED_BYTES (64 << 10)

/*
 * Holes up to this size are read as zeros with the bytes around them, which costs less than another
 * query.
 */
#define SKIPPED_BYTES (1 << 20)

/* libarchive takes holes as bytes and ignores their values: so many at once. */
#define HOLE_BYTES ((size_t)1 << 30)

static uint64_t begin_of(const struct tar_ranges *r, int row)
{
	return (uint64_t)row_int(r->rows, row, 0);
}

/* A file may have been cut within an extent. */
static uint64_t end_of(const struct tar_ranges *r, int row)
{
	uint64_t end = (uint64_t)row_int(r->rows, row, 1);
	return end < r->size ? end : r->size;
}

bool tar_ranges_find(struct tar_ranges *r, struct past *past, const char *ino, uint64_t size,
	struct archive_entry *e, struct error *err)
{
	const char *params[] = {ino, past->op, NULL};
	int n;

	*r = (struct tar_ranges){.size = size};
	if (size < ASKED_BYTES)
		return true;
	r->rows = past_query(past, statements[STMT_COMMAND_DATA].text, 3, params, true, err);
	if (!r->rows || !row_check(STMT_COMMAND_DATA, r->rows, 0, err))
		return false;
	n = PQntuples(r->rows);
	r->has_holes = n != 1 || begin_of(r, 0) > 0 || end_of(r, 0) < size;
	if (!r->has_holes)
		return true;
	for (int i = 0; i < n && begin_of(r, i) < size; i++)
		archive_entry_sparse_add_entry(
			e, (la_int64_t)begin_of(r, i), (la_int64_t)(end_of(r, i) - begin_of(r, i)));
	/* An empty map would mean that there are no holes. */
	if (n == 0 || begin_of(r, 0) >= size)
		archive_entry_sparse_add_entry(e, (la_int64_t)size, 0);
	return true;
}

void tar_ranges_release(struct tar_ranges *r)
{
	PQclear(r->rows);
	r->rows = NULL;
}

struct writer {
	struct archive *archive;
	uint64_t at, size;
};

static bool put(void *arg, const char *data, size_t len, struct error *err)
{
	struct writer *w = arg;

	if (len > w->size - w->at)
		return error_set(err, ERR_CORRUPT,
			"a file has more bytes than its inode says: run `thule fsck`");
	w->at += len;
	return archive_write_data(w->archive, data, len) == (la_ssize_t)len ||
	       error_set(err, ERR_SYSTEM, "cannot write the archive: %s",
		       archive_error_string(w->archive));
}

static bool put_hole(struct writer *w, uint64_t end, struct error *err)
{
	bool ok = true;
	char *zeros;

	if (end <= w->at)
		return true;
	zeros = mmap(
		NULL, HOLE_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (zeros == MAP_FAILED)
		return error_sys(err, "cannot map the zeros of a hole");
	while (ok && w->at < end)
		ok = put(w, zeros, end - w->at < HOLE_BYTES ? (size_t)(end - w->at) : HOLE_BYTES,
			err);
	munmap(zeros, HOLE_BYTES);
	return ok;
}

bool tar_ranges_write(const struct tar_ranges *r, struct past *past, const char *ino,
	struct archive *archive, struct error *err)
{
	struct writer w = {archive, 0, r->size};
	bool ok = true;

	if (!r->has_holes)
		return past_read(past, ino, 0, r->size, put, &w, err);
	for (int i = 0; ok && i < PQntuples(r->rows); i++) {
		if (begin_of(r, i) >= w.at + SKIPPED_BYTES)
			ok = put_hole(&w, begin_of(r, i) < r->size ? begin_of(r, i) : r->size, err);
		if (ok && w.at < end_of(r, i))
			ok = past_read(past, ino, w.at, end_of(r, i), put, &w, err);
	}
	return ok && put_hole(&w, r->size, err);
}
