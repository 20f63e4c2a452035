#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "mounts.h"

/*
 * A path as of the past: the kernel walks it today up to a mount of ours, or a current directory in
 * one; what is left is a matter of the tree of then.
 */
struct walk {
	struct mount_point mount;
	char path[PATH_MAX]; /* from the root of the filesystem: where the walk ended, and then
				`rest` */
	char rest[PATH_MAX]; /* the names that are left, as they were typed */
	uint64_t start;      /* the inode where the walk ended; 0: not known */
	uint64_t top;        /* the inode that is mounted; 0: not known */
};

/*
 * Walks as far as the kernel is to be asked. *inside: whether that led into a mount of ours. False
 * with *err set: ERR_USAGE where another filesystem covers ours, or where it is hidden; else what
 * the kernel says.
 */
bool walk_begin(const char *path, struct walk *w, bool *inside, struct error *err);
