#pragma once

/* What the parts of this room share; nobody else includes this. */

#include <pthread.h>
#include <stdatomic.h>

#include "request/requests.h"

/* Interrupts that came before their requests waited: a power of two. A request is handled within
 * microseconds, so that few are kept. */
#define EARLY_COUNT 256

/* Between looks at what may have to end before its wait is over. */
#define LOOK_NS INT64_C(200000000)

/* limit.c */
struct request_limit {
	int64_t ns;           /* that a request may wait; 0: for ever */
	unsigned int watched; /* listed requests without an answer that may not wait for ever */
	bool silent;          /* one has waited for so long, and nothing was answered meanwhile */
	int64_t answered;     /* CLOCK_MONOTONIC: when a wait last ended well */
	uint64_t count;       /* of requests that were ended */
	int64_t at;           /* when the last one was, nanoseconds since the epoch */
	/* What the log has not said yet, and when it last said something. */
	uint64_t untold;
	struct request_info first;
	int64_t told;
};

struct request {
	struct requests *owner;
	struct request *next, *prev; /* of those that are listed, oldest first */
	struct request *link;        /* of a lane, or of a list of waiters */
	struct request_info info;
	struct request_port *port;
	unsigned int kind;
	unsigned int waits; /* until now, but for room */
	int error;          /* with which its wait ended */
	bool signalled;     /* the kernel has told that a signal came */
	bool unheard;       /* it would not have told of one that came early */
	bool limited;       /* it may not wait for ever */
	int64_t began;      /* CLOCK_MONOTONIC: when it first waited */
	bool queued;        /* it was woken */
	bool spilling;      /* its bytes are being written to the file */
	/* Suspended: bytes in memory, or in a slot of the file. */
	char *bytes;
	size_t len;
	long slot; /* -1: none */
	/* Kept. */
	fuse_req_t req;
	void (*resume)(void *arg, int error);
	void *arg;
	/* request_give() */
	void *answer;
	void (*release)(void *answer);
	struct trace_span span; /* while it waits: how long it has taken until now */
};

struct requests {
	void (*dispatch)(void *arg, char *bytes, size_t len);
	void *arg;
	struct trace *trace;  /* NULL: nothing is counted */
	pthread_mutex_t lock; /* of all that follows; taken last, and nothing waits under it */
	pthread_cond_t ready; /* something is in the common lane, or it is time to stop */
	pthread_cond_t spilled;
	struct request head; /* of the list */
	struct request_lane common;
	_Atomic uint64_t bytes; /* of requests, in memory */
	unsigned int running;   /* of those that have waited */
	pthread_cond_t rest;    /* none is running */
	bool closed, stop;
	/* interrupt.c */
	pthread_t watcher;
	pthread_cond_t look;
	bool watched;
	bool resting; /* the watcher has nothing to look at */
	/* Listed requests without an answer: those that a signal came for, and the others that it
	 * may have. */
	unsigned int signalled, unheard;
	unsigned int early_next;
	uint64_t early[EARLY_COUNT];    /* uniques are never used again, so old ones do no harm */
	void (*interrupted)(void *arg); /* one that waits for a lock on a file; may be NULL */
	void *interrupted_arg;
	struct request_limit limit;
	/* spill.c */
	struct spill *spill;
};

/* --- life.c --- */

/* What waiting for it is, to the trace. */
enum trace_phase request_wait_phase(enum request_wait wait);
/* Under the lock: makes a transition, which must be one that is allowed. */
void request_move(struct request *r, enum request_state to);
/* Under the lock. */
void request_enlist(struct request *r);
void request_delist(struct request *r);
/* Frees the answer that it was given, if there is one. */
void request_drop_answer(struct request *r);
/* Without the lock, or before anybody knows it. */
void request_free(struct request *r);
/* Answers it past libfuse, with an errno: the kernel has no such request any more when its
 * connection is gone. */
void request_answer(const struct request *r, int error);
/* Under the lock: frees the bytes that are in memory. */
void request_drop_bytes(struct request *r);

/* --- describe.c --- */

/* What the bytes of a request say of it: opcode, inode, name and who asks. */
void request_describe(const void *bytes, size_t len, struct request_info *info);

/* --- interrupt.c --- */

bool interrupt_start(struct requests *rs, struct error *err);
void interrupt_stop(struct requests *rs);
/* Under the lock: a request has begun to wait, or has ceased to. */
void interrupt_watch(struct request *r);
void interrupt_unwatch(struct request *r);
/* Under the lock: answers a request that waits, or is ready, with an errno, before its wait is
 * over. */
typedef void request_end_fn(struct request *r, int error);

/* --- limit.c: under the lock --- */

void limit_watch(struct request *r);
void limit_unwatch(struct request *r);
/* A wait has ended well. */
void limit_answered(struct requests *rs);
/* Ends those that have waited for too long. Lets go of the lock meanwhile. */
void limit_look(struct requests *rs, request_end_fn *end);

/* --- spill.c: a file without a name in $TMPDIR or /var/tmp, in slots of REQUEST_BYTES_MAX --- */

struct spill *spill_new(void);
void spill_free(struct spill *s);
/* Returns the slot that has the bytes now, or -1: they stay where they are. Any thread, as all
 * here.
 */
long spill_put(struct spill *s, char *bytes, size_t len);
bool spill_get(struct spill *s, long slot, char *bytes, size_t len);
void spill_release(struct spill *s, long slot);
/* Without the lock: what waits to be written goes to the file while there is too much of it in
 * memory. */
void requests_spill(struct requests *rs);
/* Under the lock, which it lets go of to read: its bytes are in memory again. False: they cannot be
 * read. */
bool request_unspill(struct request *r);
