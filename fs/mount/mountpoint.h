#pragma once

#include <fuse_lowlevel.h>
#include <limits.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/mountinfo.h"
#include "config.h"

/*
 * Checks that config->dir can be mounted on: a directory, not one whose daemon died, and not one
 * that has this source already; a umount that is under way is waited for. It must also be empty and
 * no mount point, unless mount(8) asks, which knows no such rule. Sets its absolute path, and
 * c->dir_fd, by which it is mounted on: whatever happens to the names that led there.
 */
bool mountpoint_check(struct config *c, char path[PATH_MAX], struct error *err);

/* Returns a session that serves `ops`, mounted on the directory that was checked, if that still is
 * at path. *device is its device's minor number. NULL with *err set. */
struct fuse_session *mountpoint_mount(const struct config *c, const char *path,
	const char *public_source, const struct fuse_lowlevel_ops *ops, void *userdata,
	unsigned int *device, struct error *err);

/* Returns a session on a connection that an earlier daemon has mounted. NULL with *err set. */
struct fuse_session *mountpoint_take(const struct config *c, const char *public_source,
	const struct fuse_lowlevel_ops *ops, void *userdata, int fd, struct error *err);

/* Ends the connection, and unmounts it where that has not been done. */
void mountpoint_unmount(const struct config *c, struct fuse_session *se);

/* Binds the mount `from` to the directory that was checked, with the flags of c. */
bool mountpoint_bind(const struct config *c, const struct mount_point *from, struct error *err);

/* Takes that away again. */
void mountpoint_unbind(const struct config *c);

/* Changes the flags of a mount that is there: mount -o remount. */
bool mountpoint_remount(const struct config *c, struct error *err);

/*
 * Takes all mounts of what this process serves away, lazily: their users keep what they have open.
 * Any thread.
 */
void mountpoint_detach(void);
