#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "db/statement.h"

/*
 * Runs a statement of the catalogue, parameters and results as text. NULL with *err set; what the
 * functions of schema thule refuse is said in their own words: ERR_USAGE (SQLSTATE class 22, a
 * name that is taken, a file of the wrong kind), ERR_NOT_FOUND (no_data_found), ERR_BUSY
 * (object_in_use, query_canceled), ERR_AUTH (insufficient_privilege). PQclear() it.
 */
PGresult *ask(
	PGconn *conn, enum stmt stmt, int nparams, const char *const *params, struct error *err);

/* The name of the calling user, or the uid where it has none: for "by whom". */
const char *ask_user(char *buf, size_t size);

/*
 * Where the filesystem of `conn` is mounted read-write on this host, in `dir` (PATH_MAX bytes).
 * False, with *err untouched, when it is not.
 */
bool ask_mounted_here(PGconn *conn, char *dir);

/*
 * Commits what a mount on this host has acknowledged, so that the database's last op is now. Does
 * nothing where it is not mounted on this host.
 */
bool ask_sync(PGconn *conn, struct error *err);

/* Fills *err as ask() does from what the functions of schema thule refuse. False, with *err
 * untouched, when the failure is another. */
bool ask_refused(const PGresult *res, struct error *err);

/*
 * Like ask(); what is refused is asked again after ask_sync(), because an instant that somebody
 * types may be of what was just done.
 */
PGresult *ask_again(
	PGconn *conn, enum stmt stmt, int nparams, const char *const *params, struct error *err);
