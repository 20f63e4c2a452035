#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/host.h"
#include "mount/origin.h"

/*
 * The row of thule.mount by which a mount is known to people who ask the database, and to the
 * journal. `mount` is its id; 0 is a mount without a row, of which nothing is written.
 */

/*
 * Inserts the row, on disk at once, since the journal names the mount, and ends the rows of mounts
 * that are known to be dead. *mount is set. False with *err set.
 */
bool registration_begin(PGconn *conn, const struct origin *o, const struct host *host,
	uint64_t *mount, struct error *err);

/* Whether no other mount that may write has not ended. */
bool registration_is_alone(PGconn *conn, uint64_t mount, bool *alone, struct error *err);

/* Finds out whether this session may write the row: not at a standby, nor as a role that may merely
 * read. False with *err set. */
bool registration_allowed(PGconn *conn, bool *allowed, struct error *err);

/* Sets the minor number of the mount's device, by which its mounts are known, whatever their
 * directories are. */
bool registration_device(
	const char *conninfo, uint64_t mount, unsigned int device, struct error *err);

/* Sets the time at which the mount ended. Failing is no error: the next mount says so, too. */
void registration_end(PGconn *conn, uint64_t mount);

/* Does the same in a session of its own, for a mount that has no journal, or failed to get one. */
void registration_close(const char *conninfo, uint64_t mount);
