#pragma once

#include "fs.h"

/* What waits in a mount without the lease, which another one has (journal_following()). */

/*
 * Under the lock: whether others may have committed what is not known here. From the moment that
 * the lease is handed to another mount: that one may have written before this one knows that it has
 * lost it.
 */
bool follow_is_behind(const struct fs *fs);

/* Someone who has to know what others have committed. Called once, without the lock, on the control
 * thread; error is 0 or an errno. */
struct follow_waiter {
	void (*fn)(struct follow_waiter *w, int error);
	struct follow_waiter *next;
};

/*
 * Under the lock. True: this mount has the lease, so all that was committed is known; otherwise
 * w->fn is called when state and kernel have dropped what others had committed by now.
 */
bool follow_catch_up(struct fs *fs, struct follow_waiter *w);

/* Under the lock: takes those who wait. Without it: calls and forgets them. */
struct follow_waiter *follow_take(struct fs *fs);
void follow_call(struct follow_waiter *list, int error);

/* Has the control thread look what waits: also that somebody wants to change something. */
void follow_wake(struct fs *fs);
