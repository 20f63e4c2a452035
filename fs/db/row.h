#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "db/statement.h"

/*
 * The row codec: the one place that decides what a row of the database can be.
 *
 * Whoever may write to the database, or made the dump that it was restored from, decides what is in
 * its rows. So an answer is checked against the shape of its statement before anybody looks at it:
 * how many columns, of which types, with as many bytes as the type has, which of them may be null,
 * and in which range numbers and lengths are. What has passed can be used without a further
 * thought; what has not is ERR_CORRUPT, which names the inode.
 */

/* So many ranges one read_ranges asks for at most. */
#define READ_RANGES_MAX 64

/* Returns whether statement stmt has a shape. Those of the reader all have one. */
bool row_has_shape(enum stmt stmt);

/* Returns whether its first parameter is an inode number. */
bool row_is_of_inode(enum stmt stmt);

/*
 * Checks all rows of an answer in binary format. `about`: the inode that was asked about, 0: none.
 * False with *err set: the first row that cannot be. Any thread; never waits.
 */
bool row_check(enum stmt stmt, const PGresult *res, uint64_t about, struct error *err);

/*
 * Runs a statement that has a shape, with parameters in text format, on the caller's connection.
 * Rows that cannot be are not refused: row_check_one() says which these are. NULL with *err set.
 */
PGresult *row_query(
	PGconn *conn, enum stmt stmt, int nparams, const char *const *params, struct error *err);
/* Of an answer that was got in another way: checks its columns. False with *err set. */
bool row_check_columns(enum stmt stmt, const PGresult *res, struct error *err);
bool row_check_one(enum stmt stmt, const PGresult *res, int row, struct error *err);

/* Columns of rows that were checked. */
int64_t row_int(const PGresult *res, int row, int column); /* int2, int4 or int8; 0 for NULL */
struct bytes row_bytes(const PGresult *res, int row, int column); /* the result's; empty for NULL */
