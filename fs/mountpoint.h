#pragma once

#include <fuse_lowlevel.h>
#include <limits.h>
#include <stdbool.h>

#include "base/error.h"
#include "config.h"

/* Checks that dir can be mounted on: an empty directory, and not one whose daemon died. Sets its
 * absolute path. */
bool mountpoint_check(const char *dir, char path[PATH_MAX], struct error *err);

/* SOURCE as it may be shown to everybody: without a password. */
bool source_public(const char *source, char *out, size_t size, struct error *err);

/* A session that serves `ops`, mounted at path. NULL with *err set. */
struct fuse_session *mountpoint_mount(const struct config *c, const char *path,
	const char *public_source, const struct fuse_lowlevel_ops *ops, void *userdata,
	struct error *err);

/* mount -o remount: changes the flags of a mount that is there. */
bool mountpoint_remount(const struct config *c, struct error *err);

/* Takes the mount away, lazily: its users keep what they have open. Any thread. */
void mountpoint_detach(const char *path);
