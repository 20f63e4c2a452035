#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Fault points: named places at which a test makes this program fail, lose an answer, stop or die.
 * They are compiled in where the build option THULE_FAULTS is on, as in the presets dev, asan and
 * tsan; elsewhere fault() is a constant and costs nothing.
 *
 * A mounted program reads them from the environment: THULE_FAULT=POINT:ACTION[@N][,...], ACTION one
 * of fail, lose, stop and kill, at the N-th time that the point is passed (the first). A thread
 * that stops makes the file POINT in the folder THULE_FAULT_DIR, and goes on when that file is
 * removed. A unit test sets them by fault_set().
 *
 * THULE_FAULT_COUNT names a file of struct fault_count, by which tests/crash/ kills the program at
 * the n-th point that it passes, whichever that is, and then its successor.
 *
 * A new point needs a row in fault_names and a case in tests/unit/test_engine.c, which fails
 * without.
 */
enum fault_point {
	/* Where nothing can fail: an operation has changed the state, and its record is written. */
	FAULT_RING_APPEND,      /* between the bytes of a record and the head of the ring */
	FAULT_RING_APPENDED,    /* between that and the reply */
	FAULT_SESSION_OPEN,     /* before the drain's session is begun */
	FAULT_SESSION_PROGRESS, /* before it is asked how far the database has come */
	FAULT_BATCH_FILL,       /* before the drain takes ops from the ring; stop and kill alone */
	FAULT_BATCH_SEND,       /* before a batch is sent */
	FAULT_BATCH_REFUSE,     /* fail: the server refuses the batch, and the session goes on */
	FAULT_BATCH_ROWS,       /* before the rows of a table are sent */
	FAULT_BATCH_COPY,       /* between rows that are copied and the end of the copy */
	FAULT_BATCH_COMMIT,     /* between the rows of a batch and its commit */
	FAULT_BATCH_SENT,     /* the server has the commit, and nobody has looked for its answer */
	FAULT_BATCH_FLUSH,    /* before a batch is sent whose commit is to be on the disk */
	FAULT_BATCH_ANSWER,   /* between the commit and its answer */
	FAULT_RING_RELEASE,   /* fail: the journal's file keeps ops that the database has */
	FAULT_RING_TAIL,      /* between what the tail is said to be and the tail; stop and kill */
	FAULT_BATCH_TELL,     /* before those who wait for a commit are told; stop and kill */
	FAULT_REPLAY_BATCH,   /* before a batch of an earlier daemon is sent */
	FAULT_REPLAY_RELEASE, /* between its commit and the release of the file */
	FAULT_REPLAY_END,     /* between a replay and the mount's own journal; stop and kill */
	/* From one daemon of a keeper to the next; stop and kill. Without a keeper a request that
	 * was read and not answered is lost, so these count where fault_count says so. */
	FAULT_KEPT_TAKE,    /* before a daemon of a keeper has begun anything */
	FAULT_KEPT_RESUME,  /* between the replay and what the last daemon is known to have done */
	FAULT_KEPT_HANDLES, /* between that and the open files */
	FAULT_KEPT_INIT,    /* between the open files and the kernel's INIT */
	FAULT_KEPT_RESEND,  /* between INIT and what the kernel sends again */
	FAULT_KEPT_SERVE,   /* between that and the first request */
	FAULT_KEPT_OP,      /* between the place of an op and its number */
	FAULT_KEPT_OPEN,    /* between the place of an open file and its number */
	FAULT_DEV_READ,     /* between a request and what is done for it */
	FAULT_DEV_REPLY,    /* before a reply by /dev/fuse */
	FAULT_DEV_REPLIED,  /* after it */
	/* Those of the readers, which change nothing, come last: none of them counts. */
	FAULT_READER_OPEN,   /* before a reader's session is begun */
	FAULT_READER_ASK,    /* before a question is sent */
	FAULT_READER_ANSWER, /* when its answer has come */
	FAULT_COUNT,
};

enum fault_action {
	FAULT_NONE,
	FAULT_FAIL, /* this step fails before it has done anything */
	FAULT_LOSE, /* this step is done, and its answer is lost */
	FAULT_STOP, /* the thread stops here until it is let go; fault() never returns this */
	FAULT_KILL, /* the process ends here, by SIGKILL */
};

/* In a file that the test and the program have mapped, so it outlives the program. The points of
 * the readers, which change nothing, are not counted. */
struct fault_count {
	uint32_t left;    /* the program dies at the point that makes this 0; 0: at none */
	uint32_t next;    /* what becomes of `left` then, for its successor */
	uint32_t kept;    /* whether those from one daemon of a keeper to the next count */
	uint32_t passed;  /* points, since the test has set it */
	uint32_t deaths;  /* how many have died since then, */
	char died[2][32]; /* and at which points */
};

#ifdef THULE_FAULTS

/* Counts that the point is passed. Returns the action that is due, FAULT_FAIL or FAULT_LOSE, or
 * FAULT_NONE. */
enum fault_action fault(enum fault_point p);

/* Takes THULE_FAULT from the environment. False with ERR_USAGE when it says nothing that exists. */
bool fault_init(struct error *err);

/* Fills *err with the loss that the point stands for, ERR_UNREACHABLE, and returns false. */
bool fault_lost(enum fault_point p, struct error *err);

/* Returns the point's name, as "batch.send". */
const char *fault_name(enum fault_point p);

/* Sets the action for the n-th time from now that the point is passed. */
void fault_set(enum fault_point p, enum fault_action action, int n);
/* Forgets all actions, lets go of the threads that stopped, and counts from 0. */
void fault_reset(void);
/* Returns how often the point was passed. */
int fault_passed(enum fault_point p);
/* Waits until a thread has stopped at the point, and lets it go. */
void fault_wait_stopped(enum fault_point p);
void fault_let_go(enum fault_point p);

#else

static inline enum fault_action fault(enum fault_point p)
{
	return FAULT_NONE;
}

static inline bool fault_init(struct error *err)
{
	return true;
}

static inline void fault_reset(void)
{
}

static inline bool fault_lost(enum fault_point p, struct error *err)
{
	return false;
}

#endif
