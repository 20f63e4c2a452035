#pragma once

#include <libpq-fe.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "journal/ring.h"
#include "mounts.h"
#include "target.h"

/*
 * Whether the filesystem of `conn` is what is mounted there, by any of the directories that it is
 * mounted on: by the device that its daemon has noted. *past says whether it shows the past.
 */
enum daemon_row { DAEMON_ROW_ERROR, DAEMON_ROW_NONE, DAEMON_ROW_FOUND };
enum daemon_row daemon_row(
	PGconn *conn, const struct mount_point *m, bool *past, struct error *err);

/*
 * The process that serves a mount, or 0: by the connection number in its descriptors, which the
 * kernel shows since 6.18; else as the database tells, if it can be asked. Blocks at most as long
 * as connecting does.
 */
pid_t daemon_find(const struct mount_point *m);

/* The same without the database, at once. */
pid_t daemon_by_connection(const struct mount_point *m);

/* False when there is no such process, or when it only waits for its parent to take note. */
bool daemon_alive(pid_t pid);

/* The file of the journal that a daemon has, and its header; "" and false where it has none that is
 * to be seen. */
bool daemon_journal(pid_t pid, char path[static PATH_MAX], struct ring_peek *peek);

/*
 * Whether a daemon that has ended left nothing in the journal that it had. False with *err set,
 * ERR_UNREACHABLE, when it gave up on the database.
 */
bool daemon_committed(pid_t pid, const char *journal, struct error *err);

/*
 * How requests reach a daemon: "uring" or "dev", or NULL where its descriptors are not to be seen.
 * The descriptors tell even when the daemon is too busy to answer.
 */
const char *daemon_transport(pid_t pid);

/*
 * Waits until the process behind a pidfd is gone, at most `limit` seconds; on a terminal says that
 * it waits. ERR_BUSY when it is still there.
 */
bool daemon_wait(int pidfd, int limit, struct error *err);

/* Appends who has files open on a mount, as " (PROGRAM, pid N; ...)", as far as /proc tells. */
void daemon_name_users(const struct mount_point *m, struct error *err);
