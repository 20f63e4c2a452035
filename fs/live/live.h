#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/error.h"
#include "fs.h"
#include "live/asked.h"

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
/* Has `write` tell what somebody asks for (asked.h). Before the first step. */
void live_serve(struct live *l, live_write *write);

/* Accepts NULL. */
void live_free(struct live *l);

/* The next step has a new connection. */
void live_connected(struct live *l);

/*
 * Looks, and publishes what has changed. False with *err set when the database did not take it: all
 * of it is published again after a while.
 */
bool live_step(struct live *l, PGconn *conn, struct error *err);

/* Whether an answer is on its way on the connection, which the next step takes. Another query would
 * drop it. */
bool live_waits(const struct live *l, const PGconn *conn);

/* The mount ends, and with it what was published. */
void live_end(struct live *l, PGconn *conn);
