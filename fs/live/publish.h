#pragma once

#include <libpq-fe.h>

#include "base/error.h"
#include "db/array.h"
#include "db/statement.h"

/* More columns than any table of live things has. */
#define LIVE_COLUMNS_MAX 12

/* Adds a text, which the database takes. */
void live_add_text(struct array *a, const char *text);

/*
 * Publishes rows by a prepared statement, of which the first parameter is the mount, thule.mount.id
 * as text, and the others are the columns. False with *err set when the database did not take it.
 */
bool live_publish(PGconn *conn, enum stmt stmt, const char *mount, struct array *column, int count,
	struct error *err);
