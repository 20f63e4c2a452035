#pragma once

#include <fuse_lowlevel.h>

#include "control/foreign.h"
#include "op/follow.h"

/*
 * Has the kernel drop what others have changed, in a mount that follows: a thread of its own, as
 * the kernel may have to finish a request of the same directory before, and that may wait for the
 * right to write, which is the control thread's to take.
 */
struct invalidator;

/* NULL with *err set. */
struct invalidator *invalidator_start(struct fs *fs, struct fuse_session *se, struct error *err);

/* Drops it from the state at once and has the kernel drop it; then calls those who wait for that,
 * who may be NULL. Takes f->touched. */
void invalidator_drop(struct invalidator *v, struct foreign *f, struct follow_waiter *waiters);

/* Calls those who wait, who may be NULL, when the kernel has dropped all that was given before. */
void invalidator_call(struct invalidator *v, struct follow_waiter *waiters);

/* Has the kernel drop what the state knows right. Takes what *known has. */
void invalidator_forget(struct invalidator *v, const struct known *known);

/* Waits for what is under way, for which all requests must have been answered. Accepts NULL. */
void invalidator_free(struct invalidator *v);
