#pragma once

#include <stdbool.h>

#include <libpq-fe.h>

#include "base/error.h"

/* NEEDS_READ: to look, also at a standby. NEEDS_WRITE: to mount for writing, install included. */
enum needs { NEEDS_READ, NEEDS_WRITE };

/*
 * Whether server and role give what is needed. False with *err set (ERR_AUTH, or ERR_USAGE for what
 * no grant helps against): what is missing, and the command that gives it.
 */
bool needs_check(PGconn *conn, enum needs needs, struct error *err);
