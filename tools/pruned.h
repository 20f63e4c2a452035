#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/error.h"

/*
 * Tells on stderr that the log was pruned since an instant, or NULL (thule prune --ops): its gap
 * looks as if nothing had happened.
 */
bool pruned_tell(PGconn *conn, const char *since, struct error *err);
