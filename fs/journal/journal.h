#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/error.h"
#include "base/trace.h"
#include "db/disk.h"
#include "journal/batch.h"
#include "journal/record.h"
#include "journal/ring.h"

/*
 * Ops that were acknowledged, on their way to the database: appended by operations, taken by the
 * drain thread in batches, each one transaction, in order. "Under the lock" is the lock of the
 * filesystem, which the journal shares, so that an op is in the journal and in the state in one
 * step.
 */
struct journal;

struct journal_config {
	struct database *database;
	const struct ring_key *key;
	uint64_t mount;     /* thule.mount.id of this daemon */
	uint64_t next_op;   /* first op id to use */
	uint64_t next_blob; /* first blob id to use */
	bool history;       /* send the log and the versions that end */
	int64_t last_at;    /* time of the last op that is in the database, microseconds since the
			       epoch */
	const struct disk *disk; /* of the server */
	struct trace *trace;     /* counts what the drain's time goes to; may be NULL */
	pthread_mutex_t *lock;
	/* Called under the lock when everything up to `op` is in the database: with the batch that
	 * was committed, or NULL when nobody knows how many batches were. */
	void (*committed)(void *arg, const struct batch *b, uint64_t op);
	void *arg;
};

/* Someone who waits. Called once, without the lock, on the drain's thread; error is 0 or an errno.
 */
struct journal_waiter {
	void (*fn)(struct journal_waiter *w, int error);
	uint64_t op;
	struct journal_waiter *next;
};

/*
 * Starts the drain on a session of batch_session(), and owns session and ring from now on, also
 * when it fails. The ring is empty: see journal_replay().
 */
struct journal *journal_start(const struct journal_config *config, struct database_session *session,
	struct ring *ring, struct error *err);

/* Commits and flushes all, then ends the thread. Returns false when something could not be
 * committed: it stays in the ring's file. The session still holds the lease until
 * journal_free(). */
bool journal_stop(struct journal *j);
PGconn *journal_conn(struct journal *j);           /* after journal_stop(); NULL: it is lost */
const char *journal_path(const struct journal *j); /* its file; after journal_stop() */
void journal_free(struct journal *j);

/*
 * Applies what a dead daemon left in the ring, past *last_op, which is the last op that the
 * database has of it. *last_op and *next_blob (the superblock's) are moved past what was applied.
 * *replayed counts ops.
 */
bool journal_replay(struct ring *ring, struct database_session *session, uint64_t *last_op,
	uint64_t *next_blob, uint64_t *replayed, struct error *err);

/*
 * Whether the database ends where the journal can go on: op is its last op, `at` the time of that
 * (0: not known), and last_op the last one that it says is of the journal's mount.
 */
bool journal_continues(const struct ring *ring, uint64_t op, int64_t at, uint64_t last_op);

/* What an op does to the disk. */
enum journal_use {
	JOURNAL_GROW,   /* makes files or writes bytes: refused first */
	JOURNAL_CHANGE, /* removes or changes what is there: what is kept in reserve is for these */
	JOURNAL_END,    /* must go on, and takes next to nothing */
};

enum journal_room {
	JOURNAL_ROOM,
	JOURNAL_LATER,   /* not before the drain has committed more: journal_wait_room() */
	JOURNAL_FULL,    /* the server's disk is full */
	JOURNAL_REFUSED, /* the database refuses what was acknowledged before: db/refusal.h */
};

/*
 * Without the lock: looks at the server's disk when that is a while ago. To be called before ops
 * are appended, so that nothing is acknowledged for which there would be no room.
 */
void journal_look(struct journal *j);

/* Under the lock: whether a record with this many bytes of data may be appended now. */
enum journal_room journal_room(struct journal *j, size_t data, enum journal_use use);

/*
 * Under the lock: the disk as of the last look, with `room` for ops that grow, not below 0. False
 * when it is not known.
 */
bool journal_disk(struct journal *j, struct disk_space *out);
/* Under the lock: true when nothing will be committed any more; what was not is in the ring's file.
 */
bool journal_failed(const struct journal *j);
/* Whether the lease is there: what was read may be shown. */
bool journal_leased(const struct journal *j);
/* What this daemon may do. */
enum journal_lease {
	JOURNAL_LEASED = 0, /* acknowledge changes, answer from the database */
	JOURNAL_LEASE_LOST, /* neither, until the lease is taken back: others may write meanwhile */
	JOURNAL_LEASE_GONE, /* neither, for good: journal_failed() */
};

/*
 * Without the lock: fn is called under it whenever that changes, and at once unless the lease is
 * there. While it is not, there is no JOURNAL_ROOM.
 */
void journal_on_lease(
	struct journal *j, void (*fn)(void *arg, enum journal_lease lease), void *arg);

/* Under the lock: whether changes wait until a job of journal_exclusive() is over. */
bool journal_quiesced(const struct journal *j);
/* Under the lock: whether that job is one of journal_lend(). */
bool journal_lent(const struct journal *j);
/*
 * Under the lock: whether this mount is without the lease and follows what others commit, so that
 * changes wait as while the right to write is lent. It does so when another mount has taken the
 * lease over, and until it has taken it over itself.
 */
bool journal_following(const struct journal *j);
/* Without the lock, in a job of journal_lend(): it follows from now on, or has the lease. */
void journal_follow(struct journal *j, bool follows);
/* In a job that succeeds: this is how far ids are used, so that the database need not be asked. */
void journal_used(struct journal *j, const struct database_progress *used);
/*
 * Without the lock, by one thread, now and then: makes the journal's file again if somebody has
 * removed it, so that what it holds outlives the daemon.
 */
void journal_watch(struct journal *j);

/* Under the lock: w->fn is called when there is room again. */
void journal_wait_room(struct journal *j, struct journal_waiter *w);

/* Under the lock: the id that the next append will have. */
uint64_t journal_next_op(const struct journal *j);

/* Under the lock: when the next op happens, microseconds since the epoch. */
int64_t journal_next_at(const struct journal *j);

/*
 * Under the lock, after journal_room(): sets r->op and appends. r->at is of journal_next_at(), or
 * set here for what is no op. Returns where the
 * data of the record's EXTENT is, valid until the op is committed; NULL when it has none.
 */
const void *journal_append(struct journal *j, struct record *r);

/* Under the lock. True: all is committed and flushed already; otherwise w->fn will be called. */
bool journal_sync(struct journal *j, struct journal_waiter *w);

/*
 * The same for the ops up to one that was appended, or that the database had before; where the
 * ring is durable, the disk of its file is enough, and it may let go of the lock to flush that. It
 * wakes nobody: journal_hurry() follows when the lock is let go of, so that who is woken need not
 * wait for it.
 */
bool journal_sync_op(struct journal *j, struct journal_waiter *w, uint64_t op);
/* Without the lock: whoever flushes looks at once who waits. */
void journal_hurry(struct journal *j);

/* The same for those who only want to ask the database: committed, perhaps not flushed. */
bool journal_commit(struct journal *j, struct journal_waiter *w);

/* How far ids were used, when something else than a batch has moved them. */
struct journal_marks {
	uint64_t next_op, next_ino;
};

/*
 * Not on the drain's thread, without the lock, by one thread at a time: quiesces the journal (those
 * who need room wait), lets the drain commit all, and then runs fn on its thread and its connection
 * (NULL when the database is in memory). Ids that fn used are taken over; *marks says how far, also
 * when fn fails. Changes wait until journal_resume(), which is called under the lock, also after a
 * failure.
 */
bool journal_exclusive(struct journal *j, bool (*fn)(void *arg, PGconn *conn, struct error *err),
	void *arg, struct journal_marks *marks, struct error *err);
void journal_resume(struct journal *j);

/*
 * The same for a job that has somebody else write, in the way of a mount: what loses its last name
 * stays an inode until nobody has it open. So files may be opened meanwhile (journal_lent()).
 */
bool journal_lend(struct journal *j, bool (*fn)(void *arg, PGconn *conn, struct error *err),
	void *arg, struct journal_marks *marks, struct error *err);

/* Under the lock: whether somebody waits for what was acknowledged to be committed or flushed. */
bool journal_waited(const struct journal *j);

/*
 * Without the lock, in a job: whether it is waited for, by a change or by those who end the
 * journal.
 */
bool journal_pressed(struct journal *j);

/* Without the lock: whether jobs are to end, and none begins, as the journal ends. */
bool journal_ends(struct journal *j);

/*
 * Without the lock: from now on journal_exclusive() fails; a call that waits for the drain returns,
 * and one whose job is performed waits for a server that is away no longer than journal_stop()
 * does. So its thread can be ended while the database is away.
 */
void journal_refuse_jobs(struct journal *j);

/* Under the lock: last op that is committed; and last op that is on the server's disk, too. */
uint64_t journal_committed(const struct journal *j);
uint64_t journal_flushed(const struct journal *j);

/* Sizes of batches are counted by powers of two: up to 1 op, up to 2, ... up to 4096, and beyond.
 */
#define JOURNAL_SIZES 14

/* What the drain is at, for people. */
struct journal_report {
	const char *drain, *target, *lease;        /* constants: drain_state.h */
	uint64_t acknowledged, committed, on_disk; /* the last op of each */
	int64_t lag_ns;     /* how long what is to be committed next has waited; 0: nothing is */
	int64_t flushed_at; /* when the drain flushed last, or began; ns since the epoch */
	/* Batches that were committed, by how many ops they had; and the ops of all of them. */
	uint64_t sizes[JOURNAL_SIZES], ops;
};

/* Under the lock. */
void journal_report(const struct journal *j, struct journal_report *out);

/* Under the lock: bytes of ops that are not on the server's disk, which the journal's file has. */
struct budget journal_budget(const struct journal *j);

/*
 * Without the lock, not on the drain's thread: waits until everything acknowledged is on the
 * server's disk, or nothing more will be. For a session that begins after another was lost: a
 * server that crashed may lack what it had committed, which the drain brings there again.
 */
void journal_wait_flushed(struct journal *j);
