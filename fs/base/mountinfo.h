#pragma once

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* A line of /proc/self/mountinfo, see proc(5). */
struct mount_point {
	char dir[PATH_MAX];
	char source[PATH_MAX]; /* as given to mount, without its password */
	unsigned int device;   /* minor number: what the kernel calls the FUSE connection */
	unsigned long flags;   /* MS_RDONLY, MS_NOATIME, MS_NODIRATIME, MS_RELATIME of mount(2) */
	bool whole;            /* its root is the filesystem's root */
	bool ours;             /* a ThuleFS */
};

/*
 * Calls visit for every mount that process `pid` sees (0: this one), in the order of mounting,
 * until it returns false. No filesystem is touched.
 */
bool mountinfo_visit(pid_t pid, bool (*visit)(const struct mount_point *m, void *arg), void *arg,
	struct error *err);

/*
 * The FUSE connection that a process serves, which is the minor number of its device. 0: none; -1:
 * we may not look.
 */
long mountinfo_connection(pid_t pid);
