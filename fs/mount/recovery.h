#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "db/database.h"
#include "db/schema.h"
#include "journal/ring.h"

/* Recovers ops that an earlier daemon of this host acknowledged and did not get to commit. */

/*
 * Sets *key to what tells this database from a copy of it; a role that may not see some of that
 * gets a key without it. False with *err set.
 */
bool recovery_key(
	PGconn *conn, const struct superblock *super, struct ring_key *key, struct error *err);

/*
 * Looks at what dead daemons of this host, who left no op, say of a database that ends with op
 * `end`: which one was on its disk. False with *err set, ERR_BUSY, when that is one that it does
 * not have: as a standby that was behind its primary, or a backup, it lacks what fsync has
 * promised. `path`: of a journal that is elsewhere, or NULL.
 */
bool recovery_check_end(
	const struct ring_key *key, const char *path, uint64_t end, struct error *err);

/*
 * Opens the journal's file and commits what it holds, and reads *super anew when it held anything.
 * Where others have written what follows its ops, it is kept under another name, which the log
 * says, and there is a new one; not for a `successor`, whose programs have seen what that has. The
 * session holds the lease. NULL with *err set: ERR_BUSY when the file does not fit the database, as
 * after a backup was restored; then nothing was changed. ring_close() it.
 */
struct ring *recovery_ring(struct database_session *session, const struct ring_key *key,
	const struct ring_wish *wish, bool successor, struct superblock *super, struct error *err);

/* Sets *us to the time of the last op up to `op`: the log's time never goes back, also when the
 * clock did. 0 when there is no op. */
bool recovery_last_time(PGconn *conn, uint64_t op, uint64_t *us, struct error *err);
