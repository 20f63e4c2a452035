#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * A hash table of pointers, in the order in which they were added. It keeps nothing in what it
 * points to, some 25 bytes for each beside it, and looks at one that is sought alone, where chains
 * would look at others as well: of a large table each look is at memory that no cache has.
 *
 * Zero-initialised, it is empty. Running out of memory aborts.
 */
struct table {
	void **items;     /* in order; NULL: removed */
	uint32_t *hashes; /* of those */
	uint32_t *slots;  /* by hash: the number of an item and one, 0: none. A power of two */
	size_t count;     /* of items that are there */
	size_t end;       /* numbers that were given */
	size_t first;     /* before which all were removed */
	size_t cap, slot_count;
};

/* Whether an item is the one with a key; asked of those whose hash is that of the key. */
typedef bool table_match(const void *item, const void *key);

/* Returns NULL when there is none. */
void *table_find(const struct table *t, uint32_t hash, table_match *match, const void *key);
/* Adds an item, whose key no other has, as the last one. */
void table_add(struct table *t, uint32_t hash, void *item);
/* Removes an item that is there. */
void table_remove(struct table *t, uint32_t hash, const void *item);
/* Returns the first item, NULL when there is none. */
void *table_first(struct table *t);
/* Makes the first item the last one. There is one. */
void table_requeue(struct table *t);
/* Returns the next item and moves *at, which begins with 0; NULL after the last one. Items may be
 * removed meanwhile. */
void *table_next(const struct table *t, size_t *at);
/* Frees the table and none of its items. */
void table_free(struct table *t);

/* Adds n bytes to a hash. */
static inline uint64_t hash_bytes(uint64_t hash, const void *data, size_t n)
{
	const char *p = data;
	uint64_t word;

	for (; n >= sizeof(word); n -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
	}
	word = n;
	memcpy(&word, p, n);
	hash = (hash ^ word ^ (uint64_t)n << 56) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

/* Makes of it what the table wants. */
static inline uint32_t hash_end(uint64_t hash)
{
	hash *= UINT64_C(0xd6e8feb86659fd93);
	return (uint32_t)(hash >> 32);
}
