#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/mountinfo.h"

/*
 * Asks the daemon of root's mount instead of its database (fs/door/door.h). The daemon answers
 * about files that the caller owns or may read, and takes only the statements of the catalogue that
 * commands for users need, outside of transactions.
 */

/* Returns true when the mount has a door that can be seen from here. */
bool door_is_there(const struct mount_point *m);

/*
 * Connects to the door; PQfinish() the result. Returns NULL with ERR_NOT_FOUND when there is none,
 * ERR_AUTH when the one who answers is not root, ERR_BUSY, or ERR_UNREACHABLE.
 */
PGconn *door_connect(const struct mount_point *m, struct error *err);

/* Returns true when a daemon answers on the connection, and not a database. */
bool door_behind(PGconn *conn);
