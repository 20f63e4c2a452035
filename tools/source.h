#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Connection strings for other programs: what is secret in them goes neither onto a command line,
 * where everyone sees it, nor into the environment, which all that these start inherit.
 */

/*
 * What to give thulefs, or psql, as the connection string or URI; what is secret in it is handed
 * over in a file of memory, for the program that is run next. ERR_USAGE when libpq cannot read it,
 * or psql cannot have it in this way.
 */
bool source_hand_over(const char *source, char *dst, size_t size, struct error *err);
bool source_for_psql(const char *source, char *dst, size_t size, struct error *err);

/* True when both lead to the same database as the same role. */
bool source_same(const char *a, const char *b);
