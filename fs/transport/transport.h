#pragma once

#include <fuse_lowlevel.h>
#include <stddef.h>

#include "base/error.h"
#include "keeper/kept.h"
#include "request/request.h"
#include "transport/raw.h"

/*
 * Requests in, replies out, exactly one reply each.
 *
 * They come by /dev/fuse, from which threads read with a descriptor of their own each
 * (FUSE_DEV_IOC_CLONE, Linux fuse_dev.c); or by io_uring, a queue and a thread for each CPU. They
 * are handed to libfuse, which calls the operations. Those that waited (request/request.h) are
 * continued by threads of the transport, too. README.md has the rest.
 */
struct transport;

enum transport_choice {
	TRANSPORT_AUTO,  /* io_uring where it can be had */
	TRANSPORT_URING, /* nothing else */
	TRANSPORT_DEV,
};

/*
 * `se` is mounted. The session's replies go through this transport from now on. With a keeper
 * (`kept` is not NULL) it is /dev/fuse: the descriptors are handed over to it, or are those that it
 * has.
 */
struct transport *transport_new(struct fuse_session *se, enum transport_choice choice,
	unsigned int threads, struct kept *kept, struct error *err);

/* Serves until the filesystem is unmounted or the session ends. What waits then is dropped when its
 * wait is over, until transport_free(). */
void transport_run(struct transport *t);
void transport_free(struct transport *t);

/*
 * Returns the transport in use, "uring" or "dev". `why` says why it is not the faster one and what
 * to do to get that; "" where nothing is to be said. Any thread.
 */
const char *transport_name(struct transport *t, char *why, size_t size);

/* The requests that wait. */
struct requests *transport_requests(struct transport *t);

/*
 * The kernel asks for an inode's attributes anew: for what changes them without the kernel knowing.
 * No lock may be held, since it writes to the kernel. Accepts NULL: there is none.
 */
void transport_attr_changed(struct transport *t, fuse_ino_t ino);

/* What the request that this thread handles or replies to really is, where libfuse does not know
 * it. */
enum raw_kind transport_kind(void);
/* Whether the request that this thread handles asks to clear set-id bits. */
bool transport_kills_setid(void);
