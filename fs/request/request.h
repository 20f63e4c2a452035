#pragma once

#include <fuse_lowlevel.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/trace.h"

/*
 * The life of a request.
 *
 * Most requests are answered by the thread that read them, and are nothing but that thread's frame.
 * One that lacks something waits: it becomes a struct request, which says what it waits for, is
 * listed, ends when its process is killed, and is continued by a thread of the transport when what
 * it waited for is there. README.md has an example.
 */
struct request;

/* All requests of a mount that wait, and the queue of those that are to go on. */
struct requests;

/* Where a request is in its life. request.c has the successors of each state, and the one function
 * that changes it. */
enum request_state {
	REQUEST_RUNNING,     /* a thread runs its operation */
	REQUEST_WAITING,     /* for what request_wait says */
	REQUEST_READY,       /* that is there: it is in the queue */
	REQUEST_INTERRUPTED, /* it was answered with EINTR or EIO, and goes when its wait is over */
	REQUEST_DONE,        /* it was answered, or nobody waits for its answer */
	REQUEST_STATES,
};

enum request_wait {
	WAIT_NONE,
	WAIT_INODE,     /* attributes of an inode, from the database */
	WAIT_NAME,      /* a name of a directory */
	WAIT_DIRECTORY, /* a page of a directory */
	WAIT_XATTRS,    /* extended attributes of an inode */
	WAIT_LAYOUT,    /* where a file has bytes */
	WAIT_DATA,      /* bytes of a file */
	WAIT_DISK,      /* how full the server's disk is */
	WAIT_PAST,      /* an answer about the past */
	WAIT_ROOM,      /* room in the journal */
	WAIT_COMMIT,    /* a commit of what is in the journal */
	WAIT_FLUSH,     /* the same, on the server's disk */
	WAIT_PERFORMED, /* the end of an undo, a restore or the like */
	WAIT_WRITER,    /* the end of a SQL transaction that writes files */
	WAIT_LEASE,     /* the lease, which another mount has */
	WAIT_CLOSED,    /* a commit of what was closed before in the mount with the lease */
	WAIT_LOCK,      /* a lock on a file that holds across mounts */
	WAIT_COUNT,
};

/* Words for people, such as "waiting" and "room in the journal". */
const char *request_state_name(enum request_state state);
const char *request_wait_name(enum request_wait wait);

/* What a request is, for those who look on. */
struct request_info {
	uint64_t unique; /* the kernel's number of it */
	uint32_t opcode; /* enum fuse_opcode */
	enum request_state state;
	enum request_wait wait;
	uint64_t ino;   /* of the inode, or of the directory that the name is in */
	char name[256]; /* "": the operation has none */
	int32_t pid;    /* thread that asks; 0: of a foreign pid namespace, or the kernel */
	uint32_t uid;
	int64_t since; /* CLOCK_MONOTONIC, nanoseconds: when it began to wait */
};

/* Copies up to `max` of the waiting requests, oldest first. Returns how many there are. Any thread.
 */
size_t request_list(struct requests *rs, struct request_info *out, size_t max);

/* --- of operations, about the request that their thread handles --- */

/*
 * Suspends the request, to be run again from the beginning after request_wake(); `req` may not be
 * used any more. It holds nothing but its bytes meanwhile. May be called under the lock of the
 * filesystem, as may request_wake().
 */
struct request *request_suspend(fuse_req_t req, enum request_wait wait);

/*
 * Keeps the request: after request_wake(), `resume` is called on a thread of the transport, and
 * either replies to `req` or has the request wait again. When the request was interrupted
 * meanwhile, resume is called all the same, and its reply goes nowhere.
 */
struct request *request_keep(
	fuse_req_t req, enum request_wait wait, void (*resume)(void *arg, int error), void *arg);

/* In `resume`, in place of a reply: it is called again, with arg, after another request_wake(). */
void request_wait_again(struct request *r, enum request_wait wait, void *arg);

/*
 * What it waited for is there, or cannot be had: then error is the errno that request_error() or
 * resume gets. Called once for each wait, on any thread; r may not be used after it. Nothing is run
 * on the thread that calls.
 */
void request_wake(struct request *r, int error);

/*
 * In place of request_wake(), for a kept request that was to do nothing but to reply an errno: it
 * is replied to at once, which wakes its process and nothing else. `resume` may be NULL and is not
 * called. False: it was answered before, with EINTR or EIO. Any thread.
 */
bool request_finish(struct request *r, int error);

/* Whether a signal came for a kept request, or it was answered already. Any thread. */
bool request_interrupted(struct request *r);

/* The kernel's number of the request that this thread handles; 0: it handles none. A request that
 * the kernel has sent again, to another daemon, has the number that it had. */
uint64_t request_unique(void);
/* Whether the kernel has sent it before, to a daemon that has died. */
bool request_sent_again(void);

/* 0, or the errno with which the wait before this run ended. */
int request_error(void);

/* The thread does something else for its request than to run the operation: for the trace. */
void request_enter(enum trace_phase phase);

/* How often this request has waited until now; for room it may wait as often as it takes. */
unsigned int request_waits(void);

/*
 * So many waits are more than any operation needs. One that still lacks something then meets an
 * eviction each time, and ends with EIO rather than to ask for ever.
 */
#define REQUEST_WAITS_MAX 1000

/*
 * An answer that is kept for the next run of a suspended request, and no longer: before
 * request_wake(). `release` frees it.
 */
void request_give(struct request *r, void *answer, void (*release)(void *answer));
/* The answer that this run was given, or NULL. It stays the request's. */
void *request_given(void);

/* Requests that wait for one thing. All zero: none. */
struct request_waiters {
	struct request *first;
};
void request_waiters_add(struct request_waiters *w, struct request *r);
/* Wakes them and empties the list. */
void request_waiters_wake(struct request_waiters *w, int error);
