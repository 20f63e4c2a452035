#pragma once

#include <libpq-fe.h>

#include "fs.h"

/* What the database has of inodes without a name (op/orphans.h). */

/* Loads those that were open without a name when an earlier daemon died, and ends them. False with
 * *err set. */
bool orphans_load(struct fs *fs, const char *conninfo, struct error *err);

/* The same of those that were left while other mounts might have them open. */
bool orphans_sweep(struct fs *fs, PGconn *conn, struct error *err);

/* Reads those that others than this daemon took the last name of after op `since`, while the
 * journal is quiesced. NULL with *err set; PQclear() them. */
PGresult *orphans_read(PGconn *conn, uint64_t since, struct error *err);
