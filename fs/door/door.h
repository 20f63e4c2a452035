#pragma once

#include <stdbool.h>

#include "actor/actor.h"
#include "base/error.h"
#include "base/host.h"

/*
 * The daemon answers users of a mount who cannot reach its database: it listens on a unix socket
 * that speaks a small part of PostgreSQL's protocol (wire.h), and runs the few statements that it
 * knows (rule.h) for the user that the kernel names at the other end (peer.h); the statements
 * themselves show and change what that user may (sql/functions/viewer/permits.sql). Each client has
 * a thread; all share a few connections of their own (pool.h). The threads that serve the mount
 * take no part.
 */
struct door;

struct door_config {
	const char *conninfo;
	const char *dir; /* of the socket: made, and removed in the end */
	uid_t owner;     /* of the mount */
	bool others;     /* users but the owner may use the mount */
	bool acl;        /* it honours POSIX access lists */
	bool past_owner; /* what is gone, and older versions, are for their owner alone */
	bool past;       /* the mount shows the past */
	struct actor_cache *actors;
	const struct host *host;
	/* Returns whether a client that says this can reach the mount: base/pass.h. */
	bool (*proves)(void *arg, const char *text);
	/* Waits, not for long, until everything acknowledged is committed; false: it is not. */
	bool (*await_commit)(void *arg);
	void *arg;
};

/*
 * Opens the door. Copies what *config points to, but not `actors` and `host`. NULL with *err set.
 */
struct door *door_start(const struct door_config *config, struct error *err);

/* Ends what is being asked, and all threads. Accepts NULL. */
void door_stop(struct door *d);
