#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Connection strings and passwords: a password never goes onto a command line, where everyone sees
 * it. */

/*
 * Copies a connection string or URI without its password, and exports that as PGPASSWORD for the
 * program that is run next. ERR_USAGE when libpq cannot read it.
 */
bool source_hide_password(const char *source, char *dst, size_t size, struct error *err);

/* True when both lead to the same database as the same role. */
bool source_same(const char *a, const char *b);
