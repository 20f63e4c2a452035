#pragma once

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* A line of /proc/self/mountinfo, see proc(5). */
struct mount_point {
	int id, parent; /* what statx(2) calls STATX_MNT_ID, and that of the mount it is on */
	char dir[PATH_MAX];
	char root[PATH_MAX];   /* what of the filesystem is there; its end is //deleted once gone */
	char type[64];         /* of the filesystem: fuse.thulefs, ext4, ... */
	char source[PATH_MAX]; /* as given to mount, without its password */
	unsigned int device;   /* minor number: what the kernel calls the FUSE connection */
	unsigned long flags;   /* MS_RDONLY, MS_NOATIME, MS_NODIRATIME, MS_RELATIME of mount(2) */
	long owner;            /* uid of who mounted it, as the kernel has it; -1: not said */
	bool whole;            /* `root` is the filesystem's root */
	bool ours;             /* a ThuleFS */
};

/* Takes a line of mountinfo apart, which it changes. False, with *m undefined, when it is none. */
bool mountinfo_parse(char *line, struct mount_point *m);

/*
 * A daemon that was too busy to notice may show the number of a connection that is gone for so
 * long, in milliseconds, while another mount has that number. A search for the mounts of a daemon
 * by the number looks again meanwhile.
 */
#define MOUNTINFO_STALE_MS 1000

/*
 * Calls visit for every mount that process `pid` sees (0: this one), in the order of mounting,
 * until it returns false. No filesystem is touched.
 */
bool mountinfo_visit(pid_t pid, bool (*visit)(const struct mount_point *m, void *arg), void *arg,
	struct error *err);

/*
 * Finds a mount that this process sees by its id, or by the device of a ThuleFS: there the last one
 * that no other covers. False with *m undefined when there is none.
 */
bool mountinfo_by_id(int id, struct mount_point *m);
bool mountinfo_by_device(unsigned int device, struct mount_point *m);

/*
 * Returns the id of the mount that a path leads into, without following a last symbolic link and
 * without asking the filesystem for attributes. -1 with errno; ENOSYS when the kernel cannot tell.
 */
int mountinfo_id(int dir, const char *path);

/* Returns whether both are mounts of one connection, as far as one look can tell: see above. */
bool mountinfo_same(const struct mount_point *a, const struct mount_point *b);

/* Returns the FUSE connection that a process serves, which is the minor number of its device; 0
 * when it serves none, -1 when we may not look. */
long mountinfo_connection(pid_t pid);
