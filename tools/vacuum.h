#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/error.h"

/*
 * Vacuums tables, whose pages keep deleted rows until then and are not used again: `tables` are
 * their names, up to a NULL. Waits for others that may still see such rows, for ten seconds, and
 * then says on stderr who they are. The server only warns of one that the role does not own. False
 * with *err set at the first that fails.
 */
bool vacuum_tables(PGconn *conn, const char *const *tables, struct error *err);
