#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/mountinfo.h"

/*
 * Asking the daemon of root's mount instead of its database (fs/door/door.h). What it answers is
 * about the caller's own files and what he may read; of statements it takes those of the catalogue
 * that the commands for that use, outside of transactions.
 */

/* Whether the mount has a door that can be seen from here. */
bool door_is_there(const struct mount_point *m);

/* ERR_NOT_FOUND when there is none, ERR_AUTH when it is not root who answers, ERR_BUSY and
 * ERR_UNREACHABLE. PQfinish() it. */
PGconn *door_connect(const struct mount_point *m, struct error *err);

/* Whether it is a daemon that answers. */
bool door_behind(PGconn *conn);
