#pragma once

#include "op/call.h"

/*
 * Asks the database for bytes of files, which are chunks of the state when they have come: for
 * those who wait for them, and for those who are expected to ask next. A chunk is asked for once,
 * however many want it.
 */
struct fetch;

/* What is asked for with one statement, begun and sent under the lock, in one critical section. */
struct fetch *fetch_new(struct fs *fs);
/*
 * Adds a chunk, unless it is there or asked for; `ahead`: nobody waits for it. Returns false when
 * it is not to be had: the journal has something of it that the database lacks, or there is no
 * room. Those of a fetch are neighbours in one file, or the first ones of several small files.
 */
bool fetch_chunk(struct fetch *f, struct inode *inode, uint64_t number, bool ahead);
/* Returns how many chunks it has. */
size_t fetch_count(const struct fetch *f);
/* Asks for bytes of one file, or, where there are several, for small files. Without chunks, the
 * first frees the fetch alone. */
void fetch_range(struct fetch *f);
void fetch_files(struct fetch *f);

/* Suspends the request until a chunk that was asked for has come, or is gone again. When it cannot
 * be had, request_error() says so to the next run. */
void fetch_wait(struct call *c, const struct chunk *chunk);

/* A file of at most so many bytes is asked for as a whole, with others. */
#define FETCH_SMALL_BYTES (UINT64_C(64) << 10)
/* So many at once. */
#define FETCH_FILES 256
