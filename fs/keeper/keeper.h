#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "keeper/kept.h"

/*
 * The keeper: a small process that holds a mount's descriptors of /dev/fuse while daemons come and
 * go. It reads nothing from them, asks no database and has one thread, so that there is little in
 * it that could fail. README.md has the rest.
 */
struct keeper {
	struct kept *kept;
	const char *dir; /* of the mount, for messages */
	char *const *argv;
	long seconds; /* to go on trying to start a daemon */
	/* Called once, when the first daemon has said that it serves: its message. False when who
	 * waits for the mount has gone. */
	bool (*ready)(void *arg, const char *message);
	/* Takes all mounts of the connection away. */
	void (*detach)(void);
	void *arg;
};

/*
 * Starts daemons until the filesystem is unmounted. Returns the exit status: 0 when the last one
 * ended well. Where the first one could not start, *err has its words; later errors are logged.
 */
int keeper_run(struct keeper *k, struct error *err);
