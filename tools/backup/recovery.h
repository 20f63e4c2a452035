#pragma once

#include <stdbool.h>

#include "backup/label.h"
#include "backup/wal.h"
#include "base/error.h"
#include "cluster/account.h"
#include "cluster/cluster.h"

/*
 * A server that recovers in a home of its own from a copy of a backup. While it does, its data
 * folder is HOME/restoring, which nothing takes for a cluster.
 */
struct recovery {
	const char *from; /* the backup's directory */
	const struct backup_label *label;
	const struct wal *wal;
	struct cluster cluster;
	struct account account;
	bool running;
	/* A connection string for whoever owned the server that was backed up. */
	char conninfo[sizeof(((struct cluster *)0)->conninfo)];
};

/* Sets up the paths of the home `to`. Nothing is written. False with *err set. */
bool recovery_locate(struct recovery *r, const char *to, struct error *err);

/*
 * Copies the backup, recovers what was committed before the transaction `xid`, or as far as there
 * is WAL (NULL), and leaves the server running, which may be written to. ERR_USAGE when the backup
 * has that transaction itself.
 */
bool recovery_run(struct recovery *r, const char *xid, struct error *err);

/* Fails with ERR_USAGE: the backup has more than the instant that is asked for. */
bool recovery_too_late(const struct recovery *r, struct error *err);

/* Stops the server and removes its copy, for another run or because it is not wanted. */
void recovery_undo(struct recovery *r);

/*
 * Makes the private server of its home of it: takes the settings of recovery away, lets in whom a
 * private server lets in, and starts it. r->cluster is that from then on.
 */
bool recovery_finish(struct recovery *r, struct error *err);
