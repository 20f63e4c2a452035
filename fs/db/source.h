#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Connection strings and URIs, as libpq reads them: the one place that knows their syntax and, with
 * base/secret.h, which parts of them nobody else may see. */

#define SOURCE_MAX 12288

/* Parses a connection string or URI; PQconninfoFree() it. NULL with *err set, ERR_USAGE: it says no
 * secret either. */
PQconninfoOption *source_parse(const char *source, struct error *err);

/* Returns the value of an option; "" when it is not set. */
const char *source_value(const PQconninfoOption *options, const char *keyword);

/* Return whether an option is set, and a secret; whether any is. */
bool source_is_secret(const PQconninfoOption *option);
bool source_has_secret(const PQconninfoOption *options);

/* Appends keyword='value' to a connection string of size bytes, with libpq's quoting. False, with
 * dst untouched, when it has no room. */
bool source_append(char *dst, size_t size, const char *keyword, const char *value);

/* Returns whether both lead to the same database as the same role. */
bool source_same(const char *a, const char *b);

/* Sets out to SOURCE as it may be shown to everybody, without secrets: as it was typed if it has
 * none. False with *err set. */
bool source_public(const char *source, char *out, size_t size, struct error *err);

/*
 * Has this process ask servers that it reaches over TCP, from now on, for a certificate that proves
 * who they are (sslmode=verify-full), unless the connection string, the service file or the
 * environment says otherwise. Before threads are started. False when the environment says otherwise
 * already; else the variable PGSSLMODE is set.
 */
bool source_verify_servers(void);
