#pragma once

#include "db/database.h"

/*
 * Returns the database that a connection string names; nothing is connected yet. Without `history`,
 * its writers keep no versions that end. database_free() it after its sessions.
 */
struct database *libpq_database(const char *conninfo, bool history);
