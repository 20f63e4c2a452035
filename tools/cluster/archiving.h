#pragma once

#include <limits.h>
#include <stdbool.h>

#include "base/error.h"
#include "cluster/cluster.h"

/* Turning the archive of a cluster (archive.h) on and off, and how it goes. */

/* What is known of an archive. */
struct archive_state {
	char dir[PATH_MAX]; /* "": there is none */
	char last[64];      /* the last segment that is there, or "" */
	char failed[64];    /* when the last attempt failed, and none has succeeded since; or "" */
};

/*
 * Has the running server archive to `dir`, which is made when it is missing, or no more (NULL), and
 * waits until the first segment is there. ERR_BUSY when the directory is the archive of another
 * server, ERR_USAGE when it cannot be used; then nothing has changed.
 */
bool cluster_archive(struct cluster *c, const char *dir, struct error *err);

/* Asks the running server how archiving goes. False with *err set. */
bool cluster_archive_state(const struct cluster *c, struct archive_state *state, struct error *err);
