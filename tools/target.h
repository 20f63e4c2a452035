#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "at.h"
#include "base/error.h"
#include "cluster/cluster.h"
#include "mounts.h"

/*
 * The filesystem that a command is about: its database, its mount if there is one, and a path in
 * it.
 */
struct target {
	char conninfo[sizeof(((struct cluster *)0)->conninfo)];
	char home[PATH_MAX]; /* the directory of the private PostgreSQL; "": it is another server */
	bool running;        /* the private PostgreSQL is not to be started */
	bool mounted;        /* `mount` is filled */
	struct mount_point mount;
	bool named_by_root; /* root, not the caller, named the database: it gets no secrets of the
			       caller */
	bool door;          /* the mount and database are root's, and the caller is somebody else */
	char path[PATH_MAX];       /* bytes, absolute from the root of the mount, or "" */
	char typed_path[PATH_MAX]; /* or the path as SQL shows it, with escapes, or "" */
	/* For target_find_past(): the instant as of which the path is meant, where it led through
	 * .thule/at/T; else "". */
	char at[AT_SIZE];
	/* `path` is not walked below `start`, where `rest` begins. */
	char rest[PATH_MAX];
	uint64_t start,
		top; /* inodes: the end of the kernel's walk, the root of the mount; 0: not known */
};

/*
 * Finds the filesystem of a path that the user typed, or of NULL: the mount of the path; else
 * $THULE_DB; else the mount of the current directory; else the private PostgreSQL, which is started
 * if it was stopped. An absolute path outside of all mounts is a path in the filesystem. ERR_USAGE,
 * ERR_NOT_FOUND (the private PostgreSQL was never created), and the errors of cluster_start().
 */
bool target_find(const char *path, struct target *t, struct error *err);

/* Does the same without starting a server: ERR_UNREACHABLE where the private one is stopped. */
bool target_find_running(const char *path, struct target *t, struct error *err);

/*
 * Does the same for a path that has to be there, in a mount, or for NULL. An absolute path outside
 * of all mounts, which would be one in another filesystem, is ERR_USAGE.
 */
bool target_find_mount(const char *path, struct target *t, struct error *err);

/*
 * Does the same for a path of the past: below the mount, or the current directory in it, no
 * symbolic link of today is followed, and no name needs to exist.
 */
bool target_find_past(const char *path, struct target *t, struct error *err);

/* Does the same for a mount that was found already. */
bool target_of_mount(const struct mount_point *m, struct target *t, struct error *err);

/*
 * Sets *at to the instant that a path is meant at: the one that was typed, or that of the path, or
 * NULL. Returns false with *err set when there are both.
 */
bool target_instant(const struct target *t, const char *typed, const char **at, struct error *err);

/* Says whether two targets are in one mount, or of one database, so that target_connect() of one of
 * them is as good for the other. */
bool target_same(const struct target *a, const struct target *b);

/*
 * Connects, with the caller's time zone; a signal that ends the program cancels its query
 * (interrupt.h). PQfinish() the result. Returns NULL with ERR_NOT_FOUND when the database has no
 * filesystem, or not the one that is mounted there, ERR_VERSION when its schema is not of this
 * program's version.
 */
PGconn *target_connect(const struct target *t, struct error *err);

/* Finds the filesystem of who calls without naming one, and connects: target_find() and
 * target_connect(). */
PGconn *target_connect_here(struct error *err);

/*
 * Does the same for a question that users may ask about their own files: where the database of
 * root's mount cannot be reached, it connects to the daemon (door.h).
 */
PGconn *target_ask(const struct target *t, struct error *err);
