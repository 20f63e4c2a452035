#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/error.h"
#include "fs.h"

/*
 * Publishes how long operations took in thule.live_latency when somebody asks for it, for
 * thule.latency. By the thread of live.h, without the lock.
 */
struct live_asked;

struct live_asked *live_asked_new(struct fs *fs);
void live_asked_free(struct live_asked *a);

/*
 * Looks every second whether somebody asks, without waiting for the answer of the database, which
 * may stand still: it is taken in a later call. `mount` is thule.mount.id as text. False with *err
 * set when the database did not take what was asked for.
 */
bool live_asked_step(struct live_asked *a, PGconn *conn, const char *mount, struct error *err);
