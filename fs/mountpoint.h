#pragma once

#include <fuse_lowlevel.h>
#include <limits.h>
#include <stdbool.h>

#include "base/error.h"
#include "config.h"

/*
 * Checks that config->dir can be mounted on: a directory, not one whose daemon died, and not one
 * that has this source already; a umount that is under way is waited for. It must also be empty and
 * no mount point, unless mount(8) asks, which knows no such rule. Sets its absolute path.
 */
bool mountpoint_check(const struct config *c, char path[PATH_MAX], struct error *err);

/* SOURCE as it may be shown to everybody: without a password. */
bool source_public(const char *source, char *out, size_t size, struct error *err);

/* A session that serves `ops`, mounted at path. NULL with *err set. */
struct fuse_session *mountpoint_mount(const struct config *c, const char *path,
	const char *public_source, const struct fuse_lowlevel_ops *ops, void *userdata,
	struct error *err);

/* Mounts at path what is mounted at `from`, with the flags of c. */
bool mountpoint_bind(const struct config *c, const char *from, const char *path, struct error *err);

/* mount -o remount: changes the flags of a mount that is there. */
bool mountpoint_remount(const struct config *c, struct error *err);

/*
 * Takes all mounts of what this process serves away, lazily: their users keep what they have open.
 * Any thread.
 */
void mountpoint_detach(void);
