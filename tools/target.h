#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cluster/cluster.h"
#include "mounts.h"

/* Which filesystem a command is about: its database, its mount if there is one, and a path in it.
 */
struct target {
	char conninfo[sizeof(((struct cluster *)0)->conninfo)];
	bool private; /* the private PostgreSQL */
	bool mounted; /* `mount` is filled */
	struct mount_point mount;
	bool named_by_root;        /* and not by the caller, who may have secrets for others */
	bool door;                 /* root's mount and database, and somebody else's command */
	char path[PATH_MAX];       /* bytes, absolute from the root of the mount, or "" */
	char typed_path[PATH_MAX]; /* or the path as SQL shows it, escapes included, or "" */
	/* Of target_find_past(): `path` is not walked below `start`, which `rest` begins at. */
	char rest[PATH_MAX];
	uint64_t start,
		top; /* inodes: where the kernel's walk ended, what is mounted; 0: unknown */
};

/*
 * From a path that the user typed, or NULL: the mount it lies in; else $THULE_DB; else the mount
 * that the current directory lies in; else the private PostgreSQL, started if it was stopped. An
 * absolute path outside of any mount is taken as a path in the filesystem. ERR_USAGE, ERR_NOT_FOUND
 * (the private PostgreSQL was never created), and cluster_start()'s.
 */
bool target_find(const char *path, struct target *t, struct error *err);

/*
 * The same for a path as it was: below the mount, or the current directory in it, no symbolic link
 * of today is followed, and nothing needs to be there.
 */
bool target_find_past(const char *path, struct target *t, struct error *err);

/* The same for a mount that has been found. */
bool target_of_mount(const struct mount_point *m, struct target *t, struct error *err);

/*
 * Connects, with the caller's time zone; what ends the program cancels its query (interrupt.h).
 * ERR_NOT_FOUND when there is no filesystem in that database, or not the one that is mounted there,
 * ERR_VERSION when it is not of this program's version. PQfinish() it.
 */
PGconn *target_connect(const struct target *t, struct error *err);

/*
 * The same for what users may ask of their own files: where the database of root's mount is not to
 * be had, its daemon is asked (door.h).
 */
PGconn *target_ask(const struct target *t, struct error *err);
