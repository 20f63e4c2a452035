#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/error.h"
#include "fs.h"

/*
 * Publishes what is live in the mount: the locks that the kernel keeps on its files, the files that
 * are open, and the requests that wait, in thule.live_lock, thule.live_handle and
 * thule.live_request (sql/schema/live.sql), when that has changed. Not through the journal: it is
 * no state of files.
 *
 * All of it is called by one thread, which is not the drain's, without the lock.
 */
struct live;

/* How often live_step() looks. */
#define LIVE_LOOK_MS 200

/* `mount` is thule.mount.id, `path` where it is mounted. NULL with *err set. */
struct live *live_new(struct fs *fs, uint64_t mount, const char *path, struct error *err);
/* Accepts NULL. */
void live_free(struct live *l);

/* The next step has a new connection. */
void live_connected(struct live *l);

/*
 * Looks, and publishes what has changed. False with *err set when the database did not take it: all
 * of it is published again after a while.
 */
bool live_step(struct live *l, PGconn *conn, struct error *err);

/* The mount ends, and with it what was published. */
void live_end(struct live *l, PGconn *conn);
