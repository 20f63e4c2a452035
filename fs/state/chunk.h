#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uthash.h>

#include "base/budget.h"

/*
 * Bytes that the database has of files, in memory for a moment: they were asked for before anybody
 * read them. A chunk is CHUNK_BYTES of a file, from a multiple of that on. It is in the table from
 * the moment at which it is asked for; whoever changes its bytes, or forgets the inode, takes it
 * out, whether its bytes have come or not. So what is here is what the database has, and an answer
 * to a chunk that is gone is not used. A chunk goes when each of its bytes has been read, because
 * the kernel keeps them, and the oldest go when there is no room.
 *
 * The caller holds the lock of the filesystem.
 */

struct inode;

#define CHUNK_BYTES (UINT64_C(128) << 10)

/* Bytes at an offset of a file. */
struct piece {
	uint64_t ino, off, len;
	const char *data;
};

/* What one statement answered; the bytes are in `memory`. */
struct answer {
	struct answer *next;
	unsigned int users; /* chunks, and requests that reply with it */
	uint64_t bytes;
	void *memory;
	void (*release)(void *memory);
	size_t count;
	struct piece pieces[]; /* of each file in the order of offsets */
};

struct chunk {
	uint64_t ino, number; /* the key: number * CHUNK_BYTES is its offset */
	struct inode *inode;
	struct chunks *owner;
	const void *asked_by;      /* who asked for it */
	struct answer *answer;     /* NULL: it has not come */
	size_t first, end;         /* its pieces among those of the answer */
	uint64_t unread;           /* bytes that nobody has read yet */
	uint64_t reserved;         /* bytes that are counted for it until it comes */
	int64_t since;             /* when it was asked for, CLOCK_MONOTONIC, nanoseconds */
	struct chunk *prev, *next; /* of the inode */
	UT_hash_handle hh;         /* in the order in which they were asked for */
};

struct chunks {
	struct chunk *table;
	struct budget budget;
	struct answer *unused; /* that nobody uses any more: to be freed without the lock */
};

void chunks_init(struct chunks *cs, uint64_t limit);

/* NULL: not here, and not asked for. */
struct chunk *chunk_find(struct chunks *cs, uint64_t ino, uint64_t number);
/*
 * Adds a chunk that is being asked for, of which the file has so many bytes; there is none. Returns
 * false when there is no room: for a chunk that nobody waits for (`ahead`), none that came lately
 * is forgotten.
 */
bool chunk_expect(struct chunks *cs, struct inode *inode, uint64_t number, uint64_t bytes,
	bool ahead, const void *asked_by);
/* The bytes have come. The pieces of the answer are at least those of the chunk. */
void chunk_fill(struct chunk *chunk, struct answer *answer, size_t first, size_t end);
/* Bytes have been read, so many of them of this chunk. */
void chunk_read(struct chunk *chunk, uint64_t bytes);
/* Forgets what a file has in [lo, hi). */
void chunks_forget(struct inode *inode, uint64_t lo, uint64_t hi);
void chunks_clear(struct chunks *cs);

static inline uint64_t chunk_number(uint64_t off)
{
	return off / CHUNK_BYTES;
}

/*
 * An answer that was made with one user, and counts from then on. answer_put() takes a user away.
 * An answer without users is kept until somebody takes those that there are, chunks_unused(), and
 * frees them without the lock: they are many bytes in many pieces.
 */
void answer_count(struct chunks *cs, struct answer *answer);
void answer_put(struct chunks *cs, struct answer *answer);
struct answer *chunks_unused(struct chunks *cs);
void answers_free(struct answer *first); /* NULL: nothing */
