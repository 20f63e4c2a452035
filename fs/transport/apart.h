#pragma once

#include <fuse_lowlevel.h>

#include "base/error.h"

/*
 * A thread that tells the kernel what to drop, with a table of descriptors of its own, in which
 * there is nothing but a clone of /dev/fuse. To drop something the kernel may wait, and nobody can
 * interrupt that, until a request is answered: one that makes a name in the same directory, or
 * writes to the same page. A daemon that is killed meanwhile would keep all its descriptors open,
 * and so nobody would ever answer. With these apart all others are closed when the daemon is
 * killed, upon which the kernel ends the requests that were read by them, and so the waiting.
 */
struct apart;

/* NULL with *err set. */
struct apart *apart_start(struct fuse_session *se, struct error *err);

/* Runs fn on the thread and waits for it: fn uses no descriptor but the session's. One at a time.
 */
void apart_run(struct apart *a, void (*fn)(struct fuse_session *se, void *arg), void *arg);

/* Accepts NULL. */
void apart_free(struct apart *a);
