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
	bool failed;       /* the drain gave up: lost the lease to someone else */
	bool lost;         /* no session of ours holds the lease: nothing is acknowledged */
	bool session_lost; /* the drain's: the session ended while nothing was to be done */
	bool unsure;       /* the drain's: a job may have changed the database */
	/* Whom to tell when the lease is lost and taken back. */
	void (*on_lease)(void *arg, enum journal_lease lease);
	void *on_lease_arg;
	int wake_fd;    /* eventfd: ends the drain's sleep */
	bool sleeping;  /* the drain waits for that, and for its session to end */
	bool ended;     /* the drain's thread takes nothing any more */
	bool unwatched; /* its file cannot be made again, and that was said */
	struct {
		int delay_ms;  /* before the next try; 0 is the shortest */
		bool stopping; /* it is time to stop: few more */
		bool said;     /* that something was refused */
	} patience;            /* the drain's: until a batch is committed */
	uint64_t next_op;
	/* Between the ring's tail and pos, everything is committed but not on the server's disk. */
	uint64_t pos;
	uint64_t committed_op; /* last op that was committed */
	int64_t committed_at;  /* and its time; 0: not known */
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

/* Waits so long, or until it is time to stop. */
void commit_wait(struct journal *j, int ms);

/* Waits longer from try to try. Once it is time to stop, it is short and ends soon. False when
 * there were enough tries. */
bool commit_wait_again(struct journal *j);

/* --- session.c, on the drain's thread: the session is the lease --- */

/* Under the lock, which it lets go of meanwhile: sleeps until journal_wake(). False when the
 * session has ended. */
bool session_watch(struct journal *j);

/* Without the lock: after session_watch() has returned false. False when there is no hope. */
bool session_renew(struct journal *j);

/*
 * Without the lock: nothing is acknowledged until there is a session that holds the lease and
 * continues where the lost one ended. `why` is for the log. False when there is no hope.
 */
bool session_regain(struct journal *j, const struct error *why);

/*
 * Makes the connection anew, takes the lease back, and goes back to what is on disk for sure: a
 * server that crashed may have lost what it had only committed.
 */
bool session_reconnect(struct journal *j, struct error *err);

/* Under the lock: nothing will be committed any more. */
void session_give_up(struct journal *j);

/* Under the lock, any thread: the drain has something to do. */
void journal_wake(struct journal *j);

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
