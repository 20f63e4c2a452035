#pragma once

/*
 * What the parts of the journal share; nobody else includes this. In this order, each part calls
 * those before it alone: drain_state, waiter, machine, space, retry, fill, replay, session, commit,
 * job, flusher, drain, watch, journal.
 */

#include <stdatomic.h>

#include "journal/drain_state.h"
#include "journal/journal.h"

/* Something to be run by the drain, between batches; on the stack of who waits for it. */
struct job {
	bool (*fn)(void *arg, PGconn *conn, struct error *err);
	void *arg;
	struct journal_marks *marks;
	struct error *err;
	bool lent;                     /* it has others write: see journal_lend() */
	struct database_progress used; /* journal_used(); next_op 0: it was not said */
	bool ok;
	bool done; /* ok and *err say how it went, and the drain has forgotten it */
};

/* The server's disk, which is full or not whatever the drain does. See space.c. */
struct space {
	struct disk_space seen;    /* as of the last look, if it is known */
	uint64_t mark;             /* what the ring had from here on is not in it */
	_Atomic int64_t looked_at; /* monotonic, nanoseconds */
	bool known;
	/* As of the drain's last look, which is into the tables as well. */
	int64_t drain_room;  /* bytes that are left there and on the disk */
	uint64_t drain_mark; /* as mark */
	int64_t drain_at;    /* monotonic, nanoseconds; 0: never, or the disk has room */
	bool look_wanted;    /* someone waits for the drain to make room on the disk */
	bool refused;        /* the server has said that its disk is full */
};

/* From here on the log says again that the database refuses a batch. */
#define RETRY_LONG_MS 500

/* How patient the drain is until a batch is committed: of its thread alone. See retry.c. */
struct retry {
	int delay_ms; /* before the next try; 0: the shortest */
	int limit_ms; /* the delay after which there is no other try; 0: it tries for ever */
	bool logged;  /* that something was refused */
};

/*
 * Everything that two threads see is under config.lock, the lock of the filesystem; so are all
 * changes of it. What the drain's thread alone changes it may read without the lock.
 */
struct journal {
	struct journal_config config;
	struct ring *ring;
	struct database_session *session; /* the drain's */
	struct batch *batch;              /* the drain's */
	struct trace_span span;           /* the drain's: of the batch that is committed */
	struct drain drain;               /* changed by machine.c alone */
	struct retry retry;
	struct space space;
	bool refused; /* the database refuses the batch for what it is: see commit.c */
	pthread_t thread;
	int wake_fd;         /* eventfd: ends the drain's sleep while it is idle */
	pthread_cond_t work; /* with config.lock: the drain has something to do */
	pthread_cond_t job_done;
	pthread_cond_t flushed;
	struct job *job;   /* that waits, or runs: then the drain is performing */
	bool lent;         /* changes wait for a job of journal_lend() */
	bool following;    /* another mount has the lease: see journal_following() */
	bool no_more_jobs; /* those who would ask for one are about to end */
	/* Whom to tell when the lease is lost and taken back. */
	void (*on_lease)(void *arg, enum journal_lease lease);
	void *on_lease_arg;
	uint64_t next_op;
	/* Between the ring's tail and pos, everything is committed but not on the server's disk. */
	uint64_t pos;
	uint64_t committed_op;              /* last op that was committed */
	int64_t committed_at;               /* and its time; 0: not known */
	uint64_t flushed_op;                /* last op that is on disk */
	int64_t flushed_at;                 /* when, or when it began; ns since the epoch */
	uint64_t sizes[JOURNAL_SIZES], ops; /* of batches: see journal_report */
	uint64_t applied_op; /* last op of this mount that the server had when it was last asked */
	int64_t last_at;
	int64_t first_ns; /* when the oldest op that is not in a batch came, or the last batch was
			     committed; monotonic */
	bool loaded;      /* the last batch had many ops */
	struct journal_waiter *sync_waiters, *commit_waiters, *room_waiters;
	/* Of a ring that is durable: see flusher.c. */
	pthread_t flusher;
	pthread_cond_t flush_work;
	struct journal_waiter *ring_waiters;
	uint64_t ring_flushed_op; /* last op that is on the disk of the ring's file */
	_Atomic bool flushing;    /* the ring is durable, and its disk has not failed */
	bool flush_runs;          /* a thread flushes */
	int64_t flush_ns;         /* what the last flush took */
	bool flusher_runs, flusher_stop;
	bool recycle;     /* room that was given back waits for a flush */
	bool file_warned; /* journal_watch() has said that the file cannot be made again */
};

/* So many bytes in the ring end the wait for company: see drain.c. */
#define LINGER_BYTES (2u << 20)

/* --- waiter.c --- */

/* Under the lock: takes those that wait for an op up to this one off the list. */
struct journal_waiter *waiters_take(struct journal_waiter **list, uint64_t up_to);
/* Without the lock: calls and forgets them. */
void waiters_call(struct journal_waiter *list, int error);

/* --- machine.c, under the lock --- */

/* Makes a transition of the drain and tells those who have to know when it changes the lease. The
 * only place that does. */
void machine_move(struct journal *j, enum drain_state to);
void machine_aim(struct journal *j, enum drain_target to);

/* Whether nothing new is to be acknowledged, as somebody else writes, or is going to. */
bool machine_quiesced(const struct journal *j);

/* Returns what the state says of the lease. */
enum journal_lease machine_lease(const struct journal *j);

/* Any thread: the drain has something to do. */
void machine_wake(struct journal *j);

/* Returns how many bytes of the ring are in no batch that was committed. */
size_t machine_uncommitted(const struct journal *j);

/* --- space.c --- */

/* Under the lock: what the disk has to say about an op. */
enum journal_room space_room(struct journal *j, size_t data, enum journal_use use);
/* Without the lock: looks at the disk when the last look is a while ago. */
void space_look(struct journal *j);
/* Without the lock, on the drain's thread: looks now, and into the tables when the disk is full. */
void space_look_drain(struct journal *j);
/* Under the lock: whether it is to be looked at after each batch. */
bool space_is_tight(const struct journal *j);
/* Under the lock: see journal_disk(). */
bool space_disk(struct journal *j, struct disk_space *out);
/* Without the lock, on the drain's thread: the server refused a batch because its disk is full, or
 * took one. */
void space_refused(struct journal *j, bool refused);

/* --- retry.c, on the drain's thread, without the lock --- */

/* Waits so long, or until the drain is to stop; returns whether it is. */
bool retry_pause(struct journal *j, int ms);

/* Waits longer from try to try. Once the drain is to stop, it is short and ends soon. False when
 * there were enough tries. */
bool retry_wait(struct journal *j);

/* --- fill.c --- */

/* No op is needed before others: a batch takes what it can. */
#define FILL_ALL UINT64_MAX

/*
 * Fills a batch with what is in the ring from pos on, up to the limits of a batch, except ops up to
 * `done`, which the database has already. Somebody waits for the op `needed`: of what comes after
 * it the batch takes little. Returns where it ends.
 */
uint64_t fill_batch(struct ring *ring, struct batch *b, uint64_t pos, uint64_t done,
	uint64_t needed, bool *corrupt);

/* --- session.c, on the drain's thread: the session is the lease --- */

/* Under the lock, which it lets go of meanwhile: idles until the drain is woken (gathering) or the
 * session ends (reconnecting). */
void session_watch(struct journal *j);

/*
 * Without the lock: goes back to gathering, or to the job that was performed, when there is a
 * session that holds the lease and continues where the lost one ended; until then nothing is
 * acknowledged. `why` is for the log; NULL: the session knows. False when the drain has failed.
 */
bool session_regain(struct journal *j, const struct error *why);

/* --- commit.c, on the drain's thread, without the lock, while it is committing --- */

enum commit {
	COMMIT_DONE,
	COMMIT_LOST,  /* the session is lost, and what is not on disk has to be gathered again */
	COMMIT_FATAL, /* the drain has failed */
};

/* Commits the journal's batch, trying again for as long as the database refuses it. */
enum commit commit_batch(struct journal *j, bool sync, struct error *why);

/* --- job.c, on the drain's thread, without the lock, while it is committing --- */

/* Performs the job that waits. False when the drain has failed. */
bool job_run(struct journal *j);

/* Under the lock: answers the job that waits, if there is one, that it is not performed. */
void job_refuse(struct journal *j, const char *why);

/* --- flusher.c --- */

/* Starts its thread. */
bool flusher_start(struct journal *j, struct error *err);
/* Without the lock: ends it, after those who wait for it. Does nothing where there is none. */
void flusher_stop(struct journal *j);
/* Under the lock, which it lets go of meanwhile: flushes, where that is no other thread's to do.
 * Returns whether this op is on the disk of the ring's file. */
bool flusher_flush_here(struct journal *j, uint64_t op);
/* Under the lock: the file of the ring does not do any more, so only the database counts. */
void flusher_forgo(struct journal *j);
/* Under the lock: the ring has given back room, which may have to be flushed to be used again. */
void flusher_recycle(struct journal *j);

/* --- drain.c --- */

/* The drain's thread; arg is the journal. */
void *drain_main(void *arg);
