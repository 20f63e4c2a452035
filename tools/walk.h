#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "at.h"
#include "base/error.h"
#include "mounts.h"

/*
 * A walk of a path of the past. The kernel walks it up to a mount of ours, or a current directory
 * in one; the rest is resolved in the tree of the past.
 */
struct walk {
	struct mount_point mount;
	char path[PATH_MAX]; /* from the root of the filesystem: the end of the walk, and then
				`rest` */
	char rest[PATH_MAX]; /* the remaining names, as they were typed */
	uint64_t start;      /* the inode at which the walk ended; 0: not known */
	char at[AT_SIZE];    /* the instant, where the path led through .thule/at/T; else "" */
	uint64_t top;        /* the inode of the root of the mount; 0: not known */
};

/*
 * Walks the kernel's part of a path. Sets *inside when that led into a mount of ours. Returns false
 * with *err set: ERR_USAGE when another filesystem covers ours or ours is hidden; else the error of
 * the kernel.
 */
bool walk_begin(const char *path, struct walk *w, bool *inside, struct error *err);
