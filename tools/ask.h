#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "db/statement.h"

/*
 * Runs a statement of the catalogue, with parameters and results as text. Returns its rows, to
 * PQclear(), or NULL with *err set. A refusal by a function of the schema keeps the words of that
 * function: ERR_USAGE (SQLSTATE class 22, a name that is taken, a file of the wrong kind),
 * ERR_NOT_FOUND (no_data_found), ERR_BUSY (object_in_use, query_canceled), ERR_AUTH
 * (insufficient_privilege).
 */
PGresult *ask(
	PGconn *conn, enum stmt stmt, int nparams, const char *const *params, struct error *err);

/* Returns the name of the calling user in buf, or the uid when it has no name. */
const char *ask_user(char *buf, size_t size);

/*
 * Fills *err from a refusal by a function of the schema, as ask() does, and returns true. Returns
 * false, with *err untouched, when the failure is of another kind.
 */
bool ask_refused(const PGresult *res, struct error *err);
