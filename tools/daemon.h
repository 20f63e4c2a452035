#pragma once

#include <libpq-fe.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "journal/ring.h"
#include "mounts.h"

/*
 * Says whether the mount shows the filesystem of `conn`, at any of the directories that it is
 * mounted on, by the device in the row of its daemon. Sets *past when the mount shows the past.
 */
enum daemon_row { DAEMON_ROW_ERROR, DAEMON_ROW_NONE, DAEMON_ROW_FOUND };
enum daemon_row daemon_row(
	PGconn *conn, const struct mount_point *m, bool *past, struct error *err);

/*
 * Returns the process that serves a mount, or 0: by the connection number in its descriptors, which
 * the kernel shows since 6.18. Does not block.
 */
pid_t daemon_by_connection(const struct mount_point *m);

/* Returns the process that serves a mount by its row in the database, or 0. */
pid_t daemon_by_row(PGconn *conn, const struct mount_point *m);

/* Returns false when there is no such process, or only a zombie. */
bool daemon_alive(pid_t pid);

/*
 * Finds the file of the journal that a daemon has open, and its header. Returns false, with "" for
 * the path, when none can be seen.
 */
bool daemon_journal(pid_t pid, char path[static PATH_MAX], struct ring_peek *peek);

/*
 * Checks that a daemon that has ended left nothing in its journal. Returns false with *err set,
 * ERR_UNREACHABLE, when it gave up on the database.
 */
bool daemon_committed(pid_t pid, const char *journal, struct error *err);

/*
 * Returns the transport of a daemon, "uring" or "dev", or NULL when its descriptors cannot be seen.
 * The descriptors tell it even when the daemon is too busy to answer.
 */
const char *daemon_transport(pid_t pid);

/*
 * Waits until the process behind a pidfd has ended, at most `limit` seconds, and shows on a
 * terminal that it waits. ERR_BUSY when it is still there.
 */
bool daemon_wait(int pidfd, int limit, struct error *err);

/*
 * Appends the processes that use a mount to err->text, as " (PROGRAM, pid N; ...)", as far as /proc
 * shows them.
 */
void daemon_name_users(const struct mount_point *m, struct error *err);
