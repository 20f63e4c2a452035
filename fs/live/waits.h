#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/error.h"
#include "fs.h"

/*
 * Publishes the requests that have waited for more than a second in thule.live_request, for
 * thule.request_wait. By the thread of live.h, without the lock.
 */
struct live_waits;

struct live_waits *live_waits_new(struct fs *fs);
void live_waits_free(struct live_waits *w);

/* Nothing that was published before counts: the connection is new, or it was all removed. */
void live_waits_begin(struct live_waits *w);

/* Publishes them where they have changed. `mount` is thule.mount.id as text. False with *err set
 * when the database did not take it. */
bool live_waits_step(struct live_waits *w, PGconn *conn, const char *mount, struct error *err);
