#pragma once

#include <libpq-fe.h>

#include "base/error.h"
#include "db/query.h"

/* Schema version that this program reads and writes; see sql/schema and sql/migrate. */
#define SCHEMA_VERSION 1

/*
 * Connects (blocking). `conninfo` is a libpq connection string or URI; `application` shows in
 * pg_stat_activity. Returns NULL with *err set: ERR_AUTH, ERR_UNREACHABLE, ERR_TRANSIENT (server
 * starting), ERR_NOT_FOUND (no such database), ERR_USAGE (malformed string). PQfinish() it.
 * The session's time zone is that of this process (db/zone.h), its other settings are ours
 * (db/settings.h).
 */
PGconn *db_connect(const char *conninfo, const char *application, struct error *err);

/* Does the same, but waits up to a minute for a server that starts, or recovers what a crash left,
 * and says that it takes no connections yet. */
PGconn *db_connect_patiently(const char *conninfo, const char *application, struct error *err);
