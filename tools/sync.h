#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/error.h"
#include "db/statement.h"

/*
 * Commits what a mount has acknowledged, by fsync(2) of its root: that commits everything before
 * it, of whatever file. ERR_SYSTEM when `dir` cannot be opened, ERR_UNREACHABLE when the database
 * has not taken everything.
 */
bool sync_directory(const char *dir, struct error *err);

/*
 * Commits what a mount on this host has acknowledged of the filesystem of `conn`, so that the last
 * op of the database is the last one that happened. Does nothing where the filesystem is not
 * mounted on this host, or where its daemon answers, which commits by itself.
 */
bool sync_database(PGconn *conn, struct error *err);

/* Waits until what is committed can be seen in the mount of conn's filesystem on this host, which
 * may follow another one. Nothing is to be done where that fails. */
void sync_shown(PGconn *conn);

/*
 * Runs a statement as ask() does; one that is refused is asked again after sync_database(), because
 * the instant that somebody types may be of what was just done.
 */
PGresult *sync_ask(
	PGconn *conn, enum stmt stmt, int nparams, const char *const *params, struct error *err);
