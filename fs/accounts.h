#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/error.h"

/*
 * Tells the database what users and groups of this host are called, for people who ask it whose
 * files are whose: /etc/passwd and /etc/group, and no other name service, which may have a million.
 * False with *err set.
 */
bool accounts_write(PGconn *conn, const char *host, struct error *err);
