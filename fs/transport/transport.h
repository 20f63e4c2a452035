#pragma once

#include <fuse_lowlevel.h>

#include "base/error.h"
#include "transport/raw.h"
#include "transport/waiting.h"

/*
 * Requests in, replies out, exactly one reply each.
 *
 * This one is /dev/fuse: threads that each read from a descriptor of their own (FUSE_DEV_IOC_CLONE,
 * Linux fuse_dev.c) and hand what they read to libfuse, which calls the operations. The kernel
 * wants a request answered on the descriptor it was read from, also when that happens later and on
 * another thread; so the descriptor travels with what is kept of a request.
 *
 * Operations never wait. One that lacks something either parks its request, to be run again from
 * the beginning when what it lacked is there, or keeps the reply for later. When the process that
 * asked is killed meanwhile, either is answered with EINTR (waiting.h): the request is not run
 * again, and what is replied to it goes nowhere.
 */
struct transport;

/* `se` is mounted. The session's replies go through this transport from now on. */
struct transport *transport_new(struct fuse_session *se, unsigned int threads, struct error *err);

/* Serves until the filesystem is unmounted or the session ends. */
void transport_run(struct transport *t);
void transport_free(struct transport *t);

/* A request that waits to be run again; it holds nothing but the request's bytes. */
struct parked {
	struct waiting waiting;
	struct transport *transport;
	struct parked *next; /* for the list of whoever holds it */
	enum raw_kind kind;
	unsigned int times; /* that it was parked, with this one */
	size_t len;
	char bytes[] __attribute__((aligned(8)));
};

/* Keeps the request that this thread is handling and ends `req`, which may not be used any more. */
struct parked *transport_park(struct transport *t, fuse_req_t req);

/*
 * Runs it again, on this thread, and frees it. `error` is 0, or an errno that transport_error() has
 * during that run: what it waited for cannot be had.
 */
void transport_resume(struct parked *p, int error);
int transport_error(void);
/* How many times the request was parked until now, for those that could wait for ever. */
unsigned int transport_times_parked(void);

/* A reply for later; one that is kept must be made. */
struct reply {
	fuse_req_t req;
	struct later *later;
};
struct reply transport_later(fuse_req_t req);

/* Before fuse_reply_*() of a reply that was kept, which then fails with ENOENT where it has been
 * answered; transport_done() after it. */
void transport_reply(const struct reply *r);
/* After transport_reply(), instead of fuse_reply_*(): it is kept on. */
void transport_keep(const struct reply *r);
void transport_done(void);

/*
 * The kernel asks for an inode's attributes anew: for what changes them without the kernel knowing.
 * No lock may be held, since it writes to the kernel.
 */
void transport_attr_changed(struct transport *t, fuse_ino_t ino);

/* What the request that this thread handles or replies to really is, where libfuse does not know
 * it. */
enum raw_kind transport_kind(void);
/* Whether the request that this thread handles asks to clear set-id bits. */
bool transport_kills_setid(void);
