#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "db/statement.h"

/* Asking on a connection that is there, one query at a time, and what its errors mean. */

/* Fills *err from a failed result (or from the connection if res is NULL). Returns false. */
bool db_error(PGconn *conn, const PGresult *res, const char *doing, struct error *err);

/* Runs SQL text without parameters, possibly several commands. False with *err set on failure. */
bool db_exec(PGconn *conn, const char *sql, struct error *err);

/* Runs one query in text format with text parameters. NULL with *err set; PQclear() the result. */
PGresult *db_query(
	PGconn *conn, const char *sql, int nparams, const char *const *params, struct error *err);

/* Runs a query that has one number as its parameter and one as its answer; no row is 0. False with
 * *err set. */
bool db_query_u64(PGconn *conn, const char *sql, uint64_t param, uint64_t *out, struct error *err);

/* Prepares one statement of the catalogue under its own name. */
bool db_prepare(PGconn *conn, enum stmt stmt, struct error *err);

/* Returns the class of a five-character SQLSTATE; "" or NULL is a lost connection. */
enum error_class db_sqlstate_class(const char *sqlstate);
