#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/error.h"
#include "db/statement.h"

/*
 * Has a change of the tables as a whole done (sql/schema/request.sql), in one transaction: by the
 * live mount, or, where there is none, by this session, which takes the lease for it. Waits for as
 * long as the mount is alive, and says on stderr who it waits for after a minute. Returns the
 * result, JSON text to free(). NULL with *err set: then nothing was changed. `args` is JSON text;
 * `kind` one of those that thule.perform() knows.
 */
char *request_run(PGconn *conn, const char *kind, const char *args, struct error *err);

/* Prints a result for people, or as it is. */
bool request_print(PGconn *conn, const char *result, bool json, struct error *err);

/* Runs the statement of a plan ($1 its arguments, $2 whether JSON is wanted) and prints its rows.
 */
bool request_print_plan(
	PGconn *conn, enum stmt plan, const char *args, bool json, struct error *err);
