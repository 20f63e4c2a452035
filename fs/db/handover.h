#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Connection strings for the program that is run next. Secrets in them go into a file of memory:
 * neither onto a command line, where everyone sees them, nor into the environment, which all that
 * it starts inherit.
 */

/*
 * Sets dst to SOURCE as thulefs may have it on its command line, and hands over the whole of it, if
 * that is another, for handover_take(). False with *err set: ERR_USAGE when libpq cannot read it.
 */
bool handover_give(const char *source, char *dst, size_t size, struct error *err);

/* Sets source to the SOURCE that was handed over, or, where none was, to `shown`, the one of the
 * command line. False with *err set. */
bool handover_take(const char *shown, char *source, size_t size, struct error *err);

/* Sets dst to a connection string that psql may have on its command line, and hands over what is
 * secret as a service file. False with *err set: ERR_USAGE also when psql cannot have it so. */
bool handover_psql(const char *source, char *dst, size_t size, struct error *err);
