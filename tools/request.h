#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/error.h"
#include "db/statement.h"
#include "progress.h"

/*
 * Requests a change of the tables as a whole (sql/schema/request.sql) and waits for it. The live
 * mount performs it in one transaction, or, when there is none, this session, which takes the lease
 * for it. Waits as long as the mount is alive, and says on stderr after a minute for whom. Returns
 * the result, JSON text to free(), or NULL with *err set: then nothing was changed. `args` is JSON
 * text; thule_internal.perform() knows the values of `kind`. `progress` may be NULL.
 */
char *request_run(PGconn *conn, const char *kind, const char *args, struct progress *progress,
	struct error *err);

/* Prints a result as a table for people, or as JSON. */
bool request_print(PGconn *conn, const char *result, bool json, struct error *err);

/* Runs the statement of a plan ($1 its arguments, $2 whether JSON is wanted) and prints its rows.
 */
bool request_print_plan(
	PGconn *conn, enum stmt plan, const char *args, bool json, struct error *err);
