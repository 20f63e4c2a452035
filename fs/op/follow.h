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

/* The same, for who opens a file: also what others had closed by now is committed, and known. */
bool follow_open(struct fs *fs, struct follow_waiter *w);

/* Moves those of a list to the end of another: under the lock, where it is fs->followers or
 * fs->openers. Without it: calls and forgets them. */
void follow_append(struct follow_waiter **list, struct follow_waiter **from);
void follow_call(struct follow_waiter *list, int error);

/* Has the control thread look what waits: also that somebody wants to change something. */
void follow_wake(struct fs *fs);

/*
 * Closes wait for their commit only while another mount opens files. That asks the mount with the
 * lease (control/opens.c), which commits what it has acknowledged, and has closes wait from then
 * on, so that what was closed before a file is opened is committed. The one that asked relies on
 * that for FOLLOW_SURE_NS from before it did so, and closes wait for longer from when that was
 * heard: so the clocks need not agree. Much longer, so that a writer who is faster than the server
 * does not get ahead of it again between two questions. Who takes the lease has closes wait for
 * twice as long as others may rely on that, as it does not know what they asked of whom.
 */
#define FOLLOW_SURE_NS  INT64_C(100000000)
#define FOLLOW_TAKEN_NS (2 * FOLLOW_SURE_NS)
#define FOLLOW_ASKED_NS (10 * FOLLOW_SURE_NS)

/* Under the lock: closes wait from now on for at least so long; whether they do. */
void follow_promise(struct fs *fs, int64_t ns);
bool follow_promises(const struct fs *fs);

/* Under the lock: the same, and also while so much is not committed that who asks would wait for
 * seconds. */
bool follow_closes_wait(const struct fs *fs);

/*
 * Under the lock, unless fs->promise.waits: promises, and has all committed that was acknowledged.
 * Then the promise is settled, and the control thread woken; until then it does not end. It is not
 * sure where a file is open whose close the kernel will not tell (handle->silent): then it holds
 * for who asked before alone.
 */
void follow_settle(struct fs *fs);
