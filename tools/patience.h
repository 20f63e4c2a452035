#pragma once

#include <libpq-fe.h>

/*
 * Does what PQexecParams() does with text parameters and results. After two seconds it asks the
 * server, on another connection, whether the query waits for somebody else's lock, and says on
 * stderr for whose: a command that stands still without a word looks broken.
 */
PGresult *patience_exec(PGconn *conn, const char *sql, int nparams, const char *const *params);
