#pragma once

#include <stdbool.h>

#include <libpq-fe.h>

#include "base/error.h"

/*
 * Proves that `conn` is one session of the server from its first transaction to its last, which
 * the lease, prepared statements and settings need. A pooler that lends out sessions as long as a
 * client is connected passes; for one that does so for a transaction or a statement *err is set
 * (ERR_USAGE). Outside of transactions.
 */
bool pooler_pass(PGconn *conn, struct error *err);
