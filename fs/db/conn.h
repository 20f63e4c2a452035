#pragma once

#include <libpq-fe.h>

#include "base/error.h"
#include "db/statement.h"

/* Schema version that this program reads and writes; see sql/schema and sql/migrate. */
#define SCHEMA_VERSION 1

/*
 * Connects (blocking). `conninfo` is a libpq connection string or URI; `application` shows in
 * pg_stat_activity. Returns NULL with *err set: ERR_AUTH, ERR_UNREACHABLE, ERR_TRANSIENT (server
 * starting), ERR_NOT_FOUND (no such database), ERR_USAGE (malformed string). PQfinish() it.
 * The session's time zone is that of this process (db/zone.h), its other settings are ours
 * (db/settings.h).
 */
PGconn *db_connect(const char *conninfo, const char *application, struct error *err);

/* Fills *err from a failed result (or from the connection if res is NULL). Returns false. */
bool db_error(PGconn *conn, const PGresult *res, const char *doing, struct error *err);

/* Runs SQL text without parameters, possibly several commands. False with *err set on failure. */
bool db_exec(PGconn *conn, const char *sql, struct error *err);

/* Runs one query in text format with text parameters. NULL with *err set; PQclear() the result. */
PGresult *db_query(
	PGconn *conn, const char *sql, int nparams, const char *const *params, struct error *err);

/* Prepares one statement of the catalogue under its own name. */
bool db_prepare(PGconn *conn, enum stmt stmt, struct error *err);

/* The class of a five-character SQLSTATE; "" or NULL is a lost connection. */
enum error_class db_sqlstate_class(const char *sqlstate);
