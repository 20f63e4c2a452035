#pragma once

#include <limits.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/mountinfo.h"

/* Calls visit for every ThuleFS mount in the order of mounting, until it returns false. */
bool mounts_visit(
	bool (*visit)(const struct mount_point *m, void *arg), void *arg, struct error *err);

/*
 * Finds the mount that an absolute path without symbolic links lies in. Returns false when that is
 * no ThuleFS.
 */
bool mounts_find(const char *path, struct mount_point *m);

/* Finds the uncovered mount on a directory, ThuleFS or not. Returns false when there is none. */
bool mounts_at(const char *dir, struct mount_point *m);

/*
 * Translates an absolute path without symbolic links, whose last names need not exist, into a path
 * of the filesystem, with the mount's own root (as of a bind mount) in front. m->ours says whether
 * it is in a ThuleFS mount. ERR_USAGE when that cannot be told, or when another filesystem covers
 * the mount.
 */
bool mounts_locate(
	const char *real, struct mount_point *m, char path[static PATH_MAX], struct error *err);

/*
 * Makes `path` absolute and free of symbolic links. If `follow`, its last name is followed and all
 * names must exist; else names at its end need not exist. Works for the root of a dead mount.
 * Returns false with *err set.
 */
bool mounts_real_path(const char *path, bool follow, char real[static PATH_MAX], struct error *err);

/* Makes `path` absolute without looking at anything. Returns false for one with `..` in it. */
bool mounts_absolute(const char *path, char real[static PATH_MAX]);

/* Finds a ThuleFS mount by its root, as the user typed it. ERR_USAGE when it is none. */
bool mounts_find_root(const char *dir, struct mount_point *m, struct error *err);
