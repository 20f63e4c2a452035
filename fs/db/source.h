#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Connection strings, and what of them nobody else may see. */

#define SOURCE_MAX 12288

/* The environment variable that names the descriptor in which thulefs is handed SOURCE. */
#define SOURCE_FD_VARIABLE "THULE_SOURCE_FD"

/* Whether an option of a connection string is set, and a secret. */
bool source_is_secret(const PQconninfoOption *option);

/* Parses a connection string or URI. NULL with *err set, ERR_USAGE: it says no secret either. */
PQconninfoOption *source_parse(const char *source, struct error *err);

/* SOURCE as it may be shown to everybody, without secrets: as it was typed if it has none. */
bool source_public(const char *source, char *out, size_t size, struct error *err);

/*
 * From now on this process asks servers that it reaches over TCP for a certificate that proves who
 * they are (sslmode=verify-full), unless the connection string, the service file or the environment
 * says otherwise. Before threads are started. False when the environment says otherwise already;
 * else it is the variable PGSSLMODE that says so.
 */
bool source_verify_servers(void);
