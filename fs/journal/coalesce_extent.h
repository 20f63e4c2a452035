#pragma once

#include <uthash.h>

#include "journal/record.h"
#include "journal/rows.h"

/*
 * Coalesces the bytes of files in a batch: appends by one process join into one extent, bytes that
 * were overwritten within the batch become rows of the history at once, and of each file the ranges
 * are collected that ended for the extents that the database has. Pure: records go in, rows come
 * out.
 */

/* A run of bytes of a file that was written in this batch. */
struct piece {
	uint64_t off, len;
	uint64_t blob; /* its id */
	uint64_t blob_off;
	uint64_t actor;
	uint64_t from; /* the op that wrote it */
	size_t own; /* index in extent_coalescer.blobs; BLOB_SHARED: the database has it already */
};

#define BLOB_SHARED SIZE_MAX

/* A range of a file that ended for the extents in the database. Cuts of a file are disjoint. */
struct cut {
	uint64_t lo, hi;
	uint64_t op; /* the first that did */
};

struct coalesced_file {
	uint64_t ino;
	struct piece *pieces;
	size_t piece_count, piece_cap;
	struct cut *cuts;
	size_t cut_count, cut_cap;
	bool sealed; /* since the last piece, something was cut off: nothing may join that piece */
	UT_hash_handle hh;
};

/* Bytes of a blob: a chain of runs in the records' memory. */
struct run {
	const char *data;
	uint32_t len;
	int32_t next; /* index in extent_coalescer.runs, -1 ends */
};

struct blob {
	uint64_t id;
	uint32_t len;
	int32_t first, last; /* runs */
};

/* All zero when it is new. `rows` are those of the batch, indexed by rows_id. */
struct extent_coalescer {
	struct rows *rows;
	uint64_t next_blob; /* first id that is free; outlives a reset */
	size_t bytes;       /* of file data; a shared piece counts for some, too */
	struct coalesced_file *files;
	struct blob *blobs;
	size_t blob_count, blob_cap;
	struct run *runs;
	size_t run_count, run_cap;
};

/* Takes a CHANGE_EXTENT: bytes that `actor` wrote. */
void coalesce_write(
	struct extent_coalescer *c, const struct change *e, uint64_t op, uint64_t actor);
/* Takes a CHANGE_SHARE: pieces of blobs that the database has, as of a reflink copy. */
void coalesce_share(
	struct extent_coalescer *c, const struct change *e, uint64_t op, uint64_t actor);
/* Ends [lo, hi) of a file; `in_database` is false when the database is known to have nothing
 * there. */
void coalesce_cut(struct extent_coalescer *c, uint64_t ino, uint64_t lo, uint64_t hi, uint64_t op,
	bool in_database);

/* Adds the rows of the present and the blobs. Once per batch, after its last change. */
void coalesce_extents_finish(struct extent_coalescer *c);
void coalesce_extents_reset(struct extent_coalescer *c);
void coalesce_extents_free(struct extent_coalescer *c);
