#pragma once

#include <libpq-fe.h>
#include <uthash.h>

#include "memory.h"

/* The tables of the database in memory, and what the statements do to them. */

struct cell {
	int32_t len; /* -1: null */
	char *data;
};

struct row {
	UT_hash_handle hh;
	char *key; /* the cells of the table's key, or its number where rows may be alike */
	unsigned int key_len;
	int count;
	struct cell cell[];
};

struct store {
	struct row *table[MEMORY_TABLES];
	uint64_t serial; /* of rows without a key */
	uint64_t next_op, next_ino, next_blob;
	struct {
		uint64_t last_op;
	} mount[16]; /* by id; 0 is none */
	uint64_t mounts;
};

/* Returns a store with a root directory, inode 1. */
struct store *store_new(void);
struct store *store_copy(const struct store *from);
void store_free(struct store *s);

/* Does what the statement does. False with *err set, as the server refuses what breaks a rule of
 * the schema; the store is good for nothing then. */
bool store_apply(struct store *s, const struct database_call *call, struct error *err);

/* Answers a statement that reads. */
PGresult *store_read(const struct store *s, const struct database_call *call);

/* Returns the number in a cell or parameter of an integer type. */
int64_t cell_int(const char *data, int len);

/* Finds the row whose key these cells are. */
struct row *store_find(
	const struct store *s, enum memory_table table, const struct cell *key, int count);
