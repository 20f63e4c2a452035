#pragma once

/* What the files of io_uring share; nobody else includes this. */

#include <liburing.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "transport/transport_impl.h"

/* The headers of an entry, and the head of its request as libfuse wants it: right before what
 * follows it. */
#define HEAD_BYTES    4096
#define PAYLOAD_BYTES (1 << 20)

/* More than this in a payload is given back to the system when it is not needed. */
#define PAYLOAD_KEPT 65536

/* Entries of a queue that are for requests which come, beside one for each that waits. */
#define ENTRIES_SPARE 32

#define SQ_ENTRIES 256
#define CQ_ENTRIES 4096

struct uring;
struct ring;

/* A place for a request and its reply: the kernel's, but for a request that has no reply yet. */
struct entry {
	struct request_port port; /* first */
	struct ring *ring;
	struct entry *next;     /* of the ring's, for the end */
	struct entry *replying; /* of ring->replies */
	struct entry *trimming; /* of ring->large */
	struct iovec iov[2];    /* headers, payload */
	size_t reply_len;
	uint64_t commit_id;
	uint16_t queue;
	uint16_t op;    /* enum uring_command, the last */
	uint64_t round; /* in which that was given */
	bool held;      /* by a request without a reply */
	bool extra;     /* made because others are held */
	bool large;     /* is in ring->large */
};

/* A thread with an io_uring, for the CPUs that it runs on. */
struct ring {
	struct request_lane lane; /* first */
	struct uring *owner;
	unsigned int index;
	cpu_set_t cpus;
	pthread_t thread;
	bool started, usable;
	struct io_uring io;
	int event;     /* eventfd, by which others wake it */
	uint64_t rung; /* what is read from that */
	atomic_bool asleep, pending;
	pthread_mutex_t lock;  /* of replies */
	struct entry *replies; /* from other threads */
	struct entry *entries;
	unsigned int entry_count;
	struct entry *large; /* extra ones that had much in their payload */
	bool registered, quiet;
	uint64_t round;       /* of submitting and waiting */
	unsigned int crowded; /* queues */
	uint64_t stirred;     /* how often */
	uint64_t file;        /* the inode of one that was used last */
};

/* A queue of the kernel's, of one CPU. */
struct queue {
	struct ring *ring;
	unsigned int entries, held;
	unsigned int unsubmitted; /* commands about it in this round */
	uint64_t round;           /* of that number */
	/* In this round: entries that the kernel had before it got more, and what came in them. */
	unsigned int had, came;
	uint64_t came_round;
	/* The kernel may have requests that found no entry: see stir(). */
	bool crowded, asked;
	struct entry *stirrer;
};

struct uring {
	struct transport *transport;
	unsigned int ring_count, queue_count;
	struct ring *rings;
	struct queue *queues;
	sem_t done; /* a ring has done what it was told */
	atomic_int error;
	atomic_bool go, quiet, stop;
};

/* --- uring_entry.c --- */

/* Makes an entry of a queue; NULL when there is no memory for it. */
struct entry *entry_new(struct ring *r, unsigned int queue);
void entries_free(struct ring *r);

/* Any thread: the ring's has something to do beside what the kernel sends. */
void ring_wake(struct ring *r);

/* --- on the thread of the ring --- */

/* Offers the entries that it has to the kernel. */
void ring_register(struct ring *r);
/* Has its thread woken by ring_wake() while it waits in the kernel. */
void ring_listen(struct ring *r);
/* Commits the replies that other threads have made. */
void ring_commit_replies(struct ring *r);
/* Submits what is to be, waits for something to do, and begins the requests that have come. */
void ring_serve(struct ring *r);
