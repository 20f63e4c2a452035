#pragma once

#include <stdbool.h>
#include <string.h>

#include "fs.h"

/* The kernel may keep what we say for good: every change on this mount passes through it. Seconds.
 */
#define KERNEL_CACHE_SECONDS 31536000.0

/* What the need_*() functions return beside 0 and an errno: the request is suspended, return at
 * once.
 */
#define CALL_SUSPENDED (-1)

/* One request on its way through an operation. */
struct call {
	struct fs *fs;
	fuse_req_t req; /* not to be used once suspended */
	const struct fuse_ctx *ctx;
	struct actor *actor; /* who asks, for calls that change something; else NULL */
	bool deferred;       /* the kernel asks, and actor is who opened the file */
	bool stranger;       /* need_setid() found that who asks is not in the inode's group */
	int64_t now; /* when the op happens, nanoseconds since the epoch: whole microseconds */
	struct record record;
};

/* Begins a call and takes the lock. The second finds out who asks, first. */
void call_begin(struct call *c, fuse_req_t req);
void call_begin_change(struct call *c, fuse_req_t req);
/* Under the lock, before the record of an op: sets c->now. */
void call_now(struct call *c);

/*
 * Whether a daemon that has died has done already what is asked, and was killed before it had
 * replied. Then *done is the op, and the reply is all that is left to do.
 */
bool call_is_done(const struct call *c, struct kept_op *done);

/* Ends it: lets go of the lock, replies unless suspended. */
void call_end(struct call *c, int rc);
/* Replies with an entry when rc is 0; inode NULL is "no such name", which the kernel may remember.
 */
void call_end_entry(struct call *c, int rc, struct inode *inode);
void call_end_attr(struct call *c, int rc, const struct inode *inode);
/* Lets go of the lock and of the actor only, for those who reply by themselves. */
void call_leave(struct call *c);

static inline struct bytes name_bytes(const char *name)
{
	return (struct bytes){name, (uint32_t)strlen(name)};
}
