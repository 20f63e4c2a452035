#pragma once

#include <stdbool.h>

/*
 * The drain is a state machine of two parts: its state, which is what its thread does now, and its
 * target, which is what others want of it. They are apart because any state may be met on the way
 * to any target: a session is also lost while the filesystem is unmounted. Pure: the caller has the
 * lock of the filesystem.
 */

/* What the drain does. drain_state.c has the successors of each. */
enum drain_state {
	DRAIN_IDLE,         /* sleeps: all is committed and flushed; watches its session */
	DRAIN_GATHERING,    /* waits for company for an op, or for the time to flush */
	DRAIN_COMMITTING,   /* brings a batch to the database */
	DRAIN_RETRYING,     /* the database refused a batch, which is sent again in a moment */
	DRAIN_RECONNECTING, /* the session is lost, and with it the lease */
	DRAIN_PERFORMING,   /* all is flushed, changes wait, and the session is a job's */
	DRAIN_RECOVERING,   /* the session was lost in a job, which may have changed the database */
	DRAIN_STOPPED,      /* all is committed and flushed; nothing more will come */
	DRAIN_FAILED,       /* nothing will be committed any more; what was not is in the ring */
	DRAIN_STATES,
};

/* What others want of it. */
enum drain_target {
	DRAIN_RUN,     /* take what comes */
	DRAIN_QUIESCE, /* commit all that was acknowledged, and take no change until a job is over
			*/
	DRAIN_STOP,    /* commit all and end; a server that is away is not waited for any more */
	DRAIN_TARGETS,
};

struct drain {
	enum drain_state state;
	enum drain_target target;
};

/* Returns whether `to` is a successor of `from`. A state is none of itself. */
bool drain_state_follows(enum drain_state from, enum drain_state to);
bool drain_target_follows(enum drain_target from, enum drain_target to);

/* Returns whether the session is a job's, or was when it was lost. */
static inline bool drain_in_job(const struct drain *d)
{
	return d->state == DRAIN_PERFORMING || d->state == DRAIN_RECOVERING;
}

/*
 * Makes a transition. These two functions alone change a drain. A transition that the table does
 * not have is a bug: the program says which it was, and aborts, in every build.
 */
void drain_move(struct drain *d, enum drain_state to);
void drain_aim(struct drain *d, enum drain_target to);

const char *drain_state_name(enum drain_state s);
const char *drain_target_name(enum drain_target t);
