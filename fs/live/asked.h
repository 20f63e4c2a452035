#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "fs.h"

/*
 * Publishes what changes all the time when somebody asks for it, and only then: how long operations
 * took in thule.live_latency, and whatever is told as lines in thule.live_report. By the thread of
 * live.h, without the lock.
 */
struct live_asked;

/* What is asked for, each by itself: numbers of thule_internal.live_topic(). */
enum live_topic { LIVE_LATENCY = 1, LIVE_REPORT, LIVE_DESCRIPTORS, LIVE_TOPICS };

/* Appends what is to be published of a topic, as lines of control/report.h. `device` is that of the
 * mount. */
typedef void live_write(struct fs *fs, enum live_topic topic, dev_t device, struct buf *out);

struct live_asked *live_asked_new(struct fs *fs);
void live_asked_free(struct live_asked *a);

/* Has `write` tell the topics that are lines. Before the first step. */
void live_asked_serve(struct live_asked *a, live_write *write, dev_t device);

/*
 * Looks every second whether somebody asks, without waiting for the answer of the database, which
 * may stand still: it is taken in a later call. `mount` is thule.mount.id as text. False with *err
 * set when the database did not take what was asked for.
 */
bool live_asked_step(struct live_asked *a, PGconn *conn, const char *mount, struct error *err);

/* Whether the answer is on its way: any other query on that connection would drop it. */
bool live_asked_waits(const struct live_asked *a, const PGconn *conn);
