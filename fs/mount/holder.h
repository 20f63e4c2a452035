#pragma once

#include "base/error.h"
#include "base/mountinfo.h"

/* The fate of the lease's holder, whose filesystem we want to mount. */
enum holder {
	HOLDER_GONE,    /* it has let go: try again */
	HOLDER_MOUNTED, /* it serves a mount that we see */
	HOLDER_STAYS,   /* it is on another host, or does not let go */
};

/*
 * Waits while a daemon of this host that is not mounted any more (or not yet) has the lease:
 * umount(8) returns before the daemon has committed everything. Says on stderr for whom it waits,
 * as soon as it knows that another mount namespace keeps the mount, and in *err why it does not
 * wait longer. HOLDER_MOUNTED sets *m to a mount of it.
 */
enum holder holder_await(const char *conninfo, struct mount_point *m, struct error *err);
