#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "db/array.h"
#include "db/statement.h"

/*
 * The rows that a batch sends: for each of its statements a table whose columns are arrays in the
 * server's binary format. How records become rows is not known here: see batch.h.
 */

/* The statements of a batch, in the order in which they are sent. */
enum rows_id {
	ROWS_ACTOR,
	ROWS_ATIME,
	ROWS_INODE_CLOSE,
	ROWS_INODE_DELETE,
	ROWS_INODE_UPDATE,
	ROWS_DIRENT_CLOSE,
	ROWS_XATTR_CLOSE,
	ROWS_XATTR_HISTORY,
	ROWS_XATTR_INSERT,
	ROWS_EXTENT_CLOSE,
	ROWS_EXTENT_CUT,
	ROWS_OP,
	ROWS_INODE_HISTORY,
	ROWS_INODE_INSERT,
	ROWS_DIRENT_HISTORY,
	ROWS_DIRENT_INSERT,
	ROWS_BLOB,
	ROWS_EXTENT_HISTORY,
	ROWS_EXTENT_INSERT,
	ROWS_CLOCK_STEP,
	ROWS_COUNT,
};

#define ROWS_MAX_COLUMNS 21

/* The parameters of one statement: a column is an array, all of the same length. */
struct rows {
	int columns;
	int next; /* column that the next call fills */
	struct array column[ROWS_MAX_COLUMNS];
};

/* When something was done: the op and its time, microseconds since the epoch. */
struct when {
	uint64_t op;
	int64_t at;
};

/* Sets up, empties and frees the tables of all statements, which rows_id indexes. */
void rows_init(struct rows all[ROWS_COUNT]);
void rows_reset(struct rows all[ROWS_COUNT]);
void rows_free(struct rows all[ROWS_COUNT]);

/* Returns the statement that takes these rows. */
enum stmt rows_statement(enum rows_id id);
/* Returns the COPY that takes them, too; 0: none. */
enum stmt rows_copy(enum rows_id id);
/* Returns the statement that takes one row of them; 0: none. */
enum stmt rows_one(enum rows_id id);
/* Returns true for rows that are only kept for the past: the log, and versions that ended. */
bool rows_are_history(enum rows_id id);

/* Each appends to the next column; after the last column the next row begins. */
void rows_int(struct rows *r, int64_t v);
void rows_int_or_null(struct rows *r, int64_t v, int64_t null);
void rows_time(struct rows *r, int64_t us);
void rows_bytes(struct rows *r, struct bytes b);
void rows_bytes_or_null(struct rows *r, struct bytes b);
void rows_when(struct rows *r, struct when w); /* two columns */
/* Returns room for the bytes of a column; it is valid until the next append to that column. */
char *rows_room(struct rows *r, size_t len);
