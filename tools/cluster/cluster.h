#pragma once

#include <limits.h>
#include <stdbool.h>

#include "base/error.h"

/*
 * The private PostgreSQL: a cluster of our own under $THULE_HOME, reached by a unix socket only,
 * with peer authentication. Started by root it runs as the user who owns it (`postgres` when it is
 * new); role `thule` is open to root and to that user, and to nobody else.
 *
 * Below HOME: lock (taken while somebody creates, starts or stops it), data/ (PostgreSQL's own),
 * log/, and socket/ unless that path would be too long for a socket address.
 *
 * Nothing here is thread-safe: call it before threads are started, since it forks.
 */
struct cluster {
	char home[PATH_MAX];
	bool named; /* somebody has named it, and may have mistyped it */
	char data[PATH_MAX];
	char socket[PATH_MAX]; /* directory of the socket */
	char log[PATH_MAX];    /* directory of the server's logs */
	char conninfo[3 * PATH_MAX];
};

/* The data folder in a home while a backup is restored there (backup/recovery.h). */
#define CLUSTER_RESTORING "restoring"

enum cluster_state {
	CLUSTER_ABSENT,  /* never created */
	CLUSTER_STOPPED, /* created, and not answering */
	CLUSTER_BUSY,    /* starting, recovering or shutting down */
	CLUSTER_RUNNING,
};

/*
 * Finds the paths of the user's cluster, and nothing else. *c is all zero, or its paths are known
 * and stay as they are: so it is with all that follows. ERR_USAGE when they cannot be used as
 * paths.
 */
bool cluster_locate(struct cluster *c, struct error *err);

/* Does the same for the home that is named, an absolute path, whatever THULE_HOME says. */
bool cluster_locate_in(struct cluster *c, const char *home, struct error *err);

/*
 * Checks a path that PostgreSQL's programs hand to a shell, in double quotes and nothing else.
 * ERR_USAGE, with `what` for its name.
 */
bool cluster_check_path(const char *path, const char *what, struct error *err);

/* Fills c->conninfo again once c->data exists, with the user who must be listening. */
bool cluster_conninfo(struct cluster *c, struct error *err);

/*
 * Checks that a socket directory outside of HOME is the server's own: in /tmp somebody else may
 * have made it first. ERR_AUTH.
 */
bool cluster_check_socket(const struct cluster *c, struct error *err);

enum cluster_state cluster_state(const struct cluster *c);

/*
 * Makes *c (filled by it) a running server with a database `thule`; creates and starts whatever is
 * missing. Sets *created (may be NULL) when the cluster is new. Errors: ERR_USAGE (home that cannot
 * be written or reached), ERR_NO_SPACE, ERR_NOT_FOUND (PostgreSQL is not installed), ERR_AUTH (the
 * cluster is somebody else's), ERR_BUSY (another starter has the lock), ERR_SYSTEM.
 */
bool cluster_ensure(struct cluster *c, bool *created, struct error *err);

/* Does the same for a cluster that exists. ERR_NOT_FOUND when it was never created. */
bool cluster_start(struct cluster *c, struct error *err);

/*
 * Does the same for a command that is not about the server: ERR_UNREACHABLE when that was stopped
 * by cluster_stop() and not started since. After a crash of the host it is started.
 */
bool cluster_wake(struct cluster *c, struct error *err);

/*
 * Stops the server with a checkpoint (pg_ctl's `fast`), until somebody starts it: cluster_wake()
 * does not. Returns true also when it was not running.
 */
bool cluster_stop(struct cluster *c, struct error *err);
