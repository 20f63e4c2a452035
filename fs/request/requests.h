#pragma once

#include <sys/types.h>

#include "base/budget.h"
#include "request/request.h"

/* Requests as the transport sees them: it begins each, and its threads continue those that waited.
 */

/* More than the largest request: libfuse's limit of 1 MiB of data, and a page of headers. */
#define REQUEST_BYTES_MAX ((1 << 20) + 4096)

/* What waits may hold in memory; beyond it, what is written waits in a file. */
#define REQUEST_BUDGET_BYTES (UINT64_C(64) << 20)

struct iovec;

/*
 * A lane: requests that waited and are to go on, and the threads that continue them. `wake` says
 * that one was put in; it is called under the lock of requests, on any thread.
 */
struct request_lane {
	struct request *first, **end;
	void (*wake)(struct request_lane *lane);
};
void request_lane_init(struct request_lane *lane, void (*wake)(struct request_lane *lane));

/* A port: the part of the transport that a request came by, which is where it is answered. */
struct request_port {
	/* Sends a reply in the kernel's protocol, on the thread that runs the request. Returns its
	 * length, or -1 with errno. */
	ssize_t (*reply)(struct request_port *port, const struct iovec *iov, int count);
	/* Answers past libfuse, with an errno. Any thread, under the lock of requests. */
	void (*answer)(struct request_port *port, uint64_t unique, int error);
	struct request_lane *lane; /* NULL: the one that requests_serve() serves */
	bool deaf; /* requests_signalled() tells nothing of a signal that came before a request did
		    */
};

/* What a thread handles, for the callbacks of libfuse, which have no place for it. */
struct request_frame {
	struct request_port *port; /* NULL: none, it is answered on the session's own descriptor */
	unsigned int kind;         /* enum raw_kind of the transport */
	char *bytes;               /* as it was read; NULL: only a reply is made */
	size_t len;
	bool answered; /* nobody waits for the reply */
};
const struct request_frame *request_frame(void);

/* `dispatch` runs the operation of a request whose bytes are given. */
struct requests *requests_new(
	void (*dispatch)(void *arg, char *bytes, size_t len), void *arg, struct error *err);
/* After requests_stop(), when no thread serves any more. */
void requests_free(struct requests *rs);

/* From here on counts what each request takes; before any is begun. */
void requests_set_trace(struct requests *rs, struct trace *trace);

/* From here on a request that has waited for so long, in nanoseconds, fails with EIO; 0: none does.
 * Before any is begun. */
void requests_set_limit(struct requests *rs, int64_t ns);

/* The limit, how many have met it, and when the last one did, nanoseconds since the epoch. Any
 * thread. */
struct request_expired {
	int64_t limit_ns;
	uint64_t count;
	int64_t at;
};
struct request_expired requests_expired(struct requests *rs);

/* Around the writing of the reply of the request that this thread handles: what it took is counted
 * then. The result is of writev(2), for the probe. */
void requests_replying(int error);
void requests_replied(int64_t result);

/* Runs a request that came by a port. Takes the caller's bytes for this long only. */
void requests_begin(
	struct requests *rs, struct request_port *port, unsigned int kind, char *bytes, size_t len);

/*
 * Nothing is read from the kernel any more. What is suspended is dropped from here on, and what is
 * kept ends with ENODEV unless it waits for a flush: so nothing is asked of the database after this
 * has returned.
 */
void requests_close(struct requests *rs);

/* Continues what is ready, but what is in a lane, until requests_stop(). */
void requests_serve(struct requests *rs);
/* Continues what is ready in a lane, and returns. */
void requests_serve_lane(struct requests *rs, struct request_lane *lane);
void requests_stop(struct requests *rs);

/*
 * fn is called, under the lock of requests, when a request that waits for a lock on a file got a
 * signal: of those any signal is an end, which whoever has the lock to give makes
 * (request_interrupted()). Before any is begun.
 */
void requests_on_interrupt(struct requests *rs, void (*fn)(void *arg), void *arg);

/* A signal came for a request, which may not wait yet. */
void requests_signalled(struct requests *rs, uint64_t unique);

/* Bytes of waiting requests that are in memory. */
struct budget requests_budget(struct requests *rs);
