#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "base/buf.h"

/*
 * Who of this mount may have locks, as far as one has to know without asking: whether a close
 * releases something, and which open files have lost their locks. Guarded by the lock of its owner.
 */

/* An owner and one kind of its locks on a file. */
struct holder {
	struct {
		uint64_t ino, owner, flock;
	} key;
	bool held;            /* as the database has said */
	bool lost;            /* it had locks, which are lost: what it asked for meanwhile fails */
	unsigned int pending; /* asks that are under way */
	uint64_t *fhs;        /* open files by which they were asked for */
	unsigned int count;
	struct holder *next; /* on the same file */
};

struct locked_file {
	uint64_t ino;
	struct holder *first;
	UT_hash_handle hh;
};

struct holders {
	struct locked_file *files;
};

/* NULL: has none. */
struct holder *holders_find(const struct holders *hs, uint64_t ino, uint64_t owner, bool flock);
struct holder *holders_get(struct holders *hs, uint64_t ino, uint64_t owner, bool flock);
/* The first on a file; ->next has the others. */
struct holder *holders_first(const struct holders *hs, uint64_t ino);
void holder_add_fh(struct holder *h, uint64_t fh);
/* False: it is not by that one. */
bool holder_drop_fh(struct holder *h, uint64_t fh);
/* Frees one that has nothing and asks for nothing. */
void holders_tidy(struct holders *hs, struct holder *h);
/* Takes the locks from all that have some, and adds the open files of these, each a uint64_t. */
void holders_lose(struct holders *hs, struct buf *fhs);
/* Whether anybody has a lock. */
bool holders_any(const struct holders *hs);
void holders_free(struct holders *hs);
