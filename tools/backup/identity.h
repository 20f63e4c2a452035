#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/error.h"

/*
 * Gives the filesystem of conn the identity `wanted`, a uuid, or a new one (NULL). Sets uuid to it.
 * The session has the lease from then on, until it ends. ERR_LEASE when it is mounted, ERR_USAGE
 * when `wanted` is no uuid.
 */
bool identity_change(PGconn *conn, const char *wanted, char uuid[static 40], struct error *err);
