#pragma once

/* What the parts of the journal share; nobody else includes this. */

#include <stdatomic.h>

#include "journal/journal.h"

/* Something to be run by the drain, between batches. */
struct job {
	bool (*fn)(void *arg, PGconn *conn, struct error *err);
	void *arg;
	struct journal_marks *marks;
	struct error *err;
	bool ok, running, done;
};

struct journal {
	struct journal_config config;
	char *conninfo;
	struct ring *ring;
	PGconn *conn;
	struct batch *batch;
	pthread_t thread;
	pthread_cond_t work; /* with config.lock: the drain has something to do */
	pthread_cond_t job_done;
	pthread_cond_t settled;
	struct job *job;
	bool held; /* changes wait until a job is over and its effects are known */
	bool stop;
	bool failed; /* the drain gave up: lost the lease to someone else */
	bool ended;  /* the drain's thread takes nothing any more */
	struct {
		int delay_ms;  /* before the next try; 0 is the shortest */
		bool stopping; /* it is time to stop: few more */
		bool said;     /* that something was refused */
	} patience;            /* the drain's: until a batch is committed */
	uint64_t next_op;
	/* Between the ring's tail and pos, everything is committed but not on the server's disk. */
	uint64_t pos;
	uint64_t committed_op; /* last op that was committed */
	uint64_t flushed_op;   /* last op that is on disk */
	uint64_t applied_op; /* last op of this mount that the server had when it was last asked */
	int64_t last_at;
	int64_t first_ns; /* when the oldest op that is not in a batch came, or the last batch was
			     committed; monotonic */
	struct journal_waiter *sync_waiters, *commit_waiters, *room_waiters;
	/* space.c */
	struct disk_space space;   /* as of the last look, if it is known */
	uint64_t space_mark;       /* what the ring had from here on is not in it */
	_Atomic int64_t looked_at; /* monotonic, nanoseconds */
	bool space_known;
	bool full;        /* and that was logged */
	bool look_wanted; /* someone waits for the drain to make room on the disk */
	bool refused;     /* the server has said that its disk is full */
};

/* So many bytes in the ring end the wait for company: see drain.c. */
#define LINGER_BYTES (2u << 20)

/* Under the lock: bytes in the ring that are in no batch that was committed. */
size_t journal_uncommitted(const struct journal *j);

/* --- drain.c --- */

/* The drain's thread; arg is the journal. */
void *drain_main(void *arg);

/*
 * Folds what is in the ring from pos on, within the limits of a batch, except ops up to `done`,
 * which the database has already. Returns where it ends.
 */
uint64_t drain_fold(struct ring *ring, struct batch *b, uint64_t pos, uint64_t done, bool *corrupt);

/* --- commit.c, on the drain's thread, without the lock --- */

enum commit {
	COMMIT_DONE,
	COMMIT_ANEW, /* the session was lost: what is not on disk is to be folded once more */
	COMMIT_HOPELESS,
};

/* Commits the journal's batch, trying again for as long as it takes. */
enum commit commit_batch(struct journal *j, bool sync);

/*
 * Makes the connection anew, takes the lease back, and goes back to what is on disk for sure: a
 * server that crashed may have lost what it had only committed.
 */
bool commit_reconnect(struct journal *j, struct error *err);

/* Waits so long, or until it is time to stop. */
void commit_wait(struct journal *j, int ms);

/* --- space.c --- */

/* Under the lock: what the disk has to say about an op. */
enum journal_room space_room(struct journal *j, size_t data, enum journal_use use);
/* Without the lock: looks at the disk. */
void space_look_now(struct journal *j);
/* Without the lock: the server refused a batch because its disk is full, or took it. */
void space_refused(struct journal *j, bool refused);

/* --- waiters --- */

/* Takes those that wait for an op up to this one off the list. Under the lock. */
struct journal_waiter *waiters_take(struct journal_waiter **list, uint64_t up_to);
/* Calls and forgets them. Without the lock. */
void waiters_call(struct journal_waiter *list, int error);
