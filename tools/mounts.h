#pragma once

#include <limits.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/mountinfo.h"

/* Calls visit for every ThuleFS mount in the order of mounting, until it returns false. */
bool mounts_visit(
	bool (*visit)(const struct mount_point *m, void *arg), void *arg, struct error *err);

/*
 * Finds the mount that an absolute path without symbolic links lies in. False with *err untouched
 * when that is no ThuleFS.
 */
bool mounts_find(const char *path, struct mount_point *m);

/* What is mounted on a directory, ours or not, and not covered. False when nothing is. */
bool mounts_at(const char *dir, struct mount_point *m);

/*
 * The path in the filesystem of an absolute path without symbolic links whose last names need not
 * be there: with what of it is mounted where, as by bind mounts. m->ours says whether it is in one.
 * ERR_USAGE where that cannot be told, or where another filesystem covers ours.
 */
bool mounts_locate(
	const char *real, struct mount_point *m, char path[static PATH_MAX], struct error *err);

/*
 * Makes `path` absolute and free of symbolic links. The last name is followed, and all must exist,
 * if `follow`; else names at the end need not exist. Works for the root of a dead mount. False with
 * *err set.
 */
bool mounts_real_path(const char *path, bool follow, char real[static PATH_MAX], struct error *err);

/* Makes `path` absolute without looking at anything. False for one with `..` in it. */
bool mounts_absolute(const char *path, char real[static PATH_MAX]);

/* The root of a ThuleFS mount, from what the user typed. ERR_USAGE when it is none. */
bool mounts_find_root(const char *dir, struct mount_point *m, struct error *err);
