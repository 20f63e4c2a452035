#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/error.h"

/*
 * Writes the names of users and groups of this host into the database, for people who ask it whose
 * files are whose: those of /etc/passwd and /etc/group, and of no other name service, which may
 * have a million. False with *err set.
 */
bool accounts_write(PGconn *conn, const char *host, struct error *err);
