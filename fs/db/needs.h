#pragma once

#include <stdbool.h>

#include <libpq-fe.h>

#include "base/error.h"

/* NEEDS_READ is for looking, also at a standby; NEEDS_WRITE for mounting to write, install
 * included. */
enum needs { NEEDS_READ, NEEDS_WRITE };

/* Checks that server and role give what is needed. False with *err set (ERR_AUTH, or ERR_USAGE for
 * what no grant helps against): what is missing, and the command that gives it. */
bool needs_check(PGconn *conn, enum needs needs, struct error *err);
