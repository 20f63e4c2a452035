#pragma once

/* What the parts of this room share; nobody else includes this. */

#include <fuse_lowlevel.h>
#include <pthread.h>

#include "base/error.h"
#include "keeper/kept.h"
#include "request/requests.h"

struct dev;
struct uring;
struct transport;

/*
 * A way for requests to come in. Calls are made in this order, on the thread that serves, and each
 * is made for one transport alone, but `open` and `close`.
 */
struct transport_ops {
	const char *name; /* as -o transport= has it */
	uint64_t flags;   /* of INIT, that it needs */
	/* Makes what it needs, before the kernel's INIT is answered. */
	bool (*open)(struct transport *t, struct error *err);
	/* INIT was answered: requests come this way from now on. */
	bool (*start)(struct transport *t, struct error *err);
	/* The connection is gone: returns when no request is being begun any more. */
	void (*finish)(struct transport *t);
	/* Ends its threads, which continue what waited until then, after requests_stop(). Accepts
	 * what was not opened. */
	void (*close)(struct transport *t);
};

struct transport {
	struct fuse_session *se;
	struct requests *requests;
	unsigned int threads;
	const struct transport_ops *ops; /* the one in use */
	bool answered;                   /* INIT was */
	bool offered;                    /* the kernel has the flags that it needs */
	struct dev *dev;                 /* NULL: not opened */
	struct uring *uring;             /* the same */
	struct kept *kept;               /* NULL: there is no keeper */
	pthread_mutex_t lock;            /* of what follows */
	struct error why;                /* it is not the fastest; empty: it is */
};

/*
 * /dev/fuse, which is always open: the kernel sends INIT, FORGET and INTERRUPT there whatever else
 * is in use.
 */
extern const struct transport_ops dev_ops;

/* What an earlier daemon had not answered comes again, and INIT is replayed: before anything is
 * read. */
void dev_take_over(struct transport *t);

/* Reads a request on the calling thread and runs it. Returns false when the connection is gone. */
bool dev_serve_one(struct transport *t);

/* Another descriptor of the same connection. -1 with errno set. */
int transport_clone(int session_fd);

/* io_uring, a queue for each CPU: Linux 6.14. */
extern const struct transport_ops uring_ops;
