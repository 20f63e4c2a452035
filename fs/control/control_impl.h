#pragma once

/*
 * What the parts of the control thread share; nobody else includes this. In this order, each part
 * calls those before it alone: wait, turns, control.
 */

#include <pthread.h>

#include "control/control.h"
#include "control/invalidator.h"
#include "control/runs.h"
#include "op/follow.h"

#define MS INT64_C(1000000)

struct control {
	struct fs *fs;
	char *conninfo;
	uint64_t mount;       /* thule.mount.id */
	struct apart *kernel; /* tells it what to drop */
	struct live *live;
	struct runs_watch runs;
	PGconn *conn; /* listens; NULL while there is none */
	pthread_t thread;
	int stop_fd;       /* eventfd: readable once it is time to end */
	bool fenced;       /* the journal has failed, and nothing is known any more */
	bool untold;       /* a successor has yet to tell the kernel what others changed */
	bool asked;        /* there may be requests that are pending */
	int64_t told_at;   /* when those who follow the changes were told of some last */
	bool looking;      /* a question of turns_look() is asked of the database */
	int64_t looked_at; /* when that was answered last */
	int64_t turn_at;   /* when the right to write had last come back, or came, or a mount said
			    * that it asks for it */
	/* Of several mounts: see turns.c. */
	struct invalidator *invalidator;
	bool shared;       /* there may be others: fs->state.shared */
	bool follows;      /* another has the lease */
	bool hurried;      /* something waits in a mount that follows */
	uint64_t known;    /* of one that follows: the last op that state and kernel know */
	uint64_t request;  /* and the last request that was performed then */
	int64_t got_at;    /* when it took the lease over */
	uint64_t burst_op; /* the next op when it was looked last since then */
	int64_t burst_at;  /* when it was another one */
	int64_t try_at;    /* when it is to try that again */
	int64_t others_at; /* when it looked for others last */
	int64_t alone_at;  /* since when no other is alive, of those that have not ended; 0: one is
			    */
	bool free;         /* nobody had the lease then */
	struct follow_waiter *catching; /* they are called with the answer that is on its way */
};

/* --- wait.c: the thread's session, and what it waits for --- */

enum rest {
	REST_STOP,  /* it is time to end */
	REST_WOKEN, /* the connection or the kernel wants something, or somebody who waits */
	REST_OVER,
};

/* Waits until then, or for less. */
enum rest wait_rest(struct control *c, int64_t until);
/* True when it is time to end; waits for that at most so long, or until the connection or the
 * kernel wants something. */
bool wait_briefly(struct control *c, int timeout_ms);
/* Makes the session, which listens. False with *err set (may be NULL). */
bool wait_listen(struct control *c, struct error *err);
/* Makes it anew after it failed with *err. False when it is time to end. */
bool wait_again(struct control *c, const struct error *err);
/* Notes what the server has said on its own. False when the connection is lost. */
bool wait_notified(struct control *c);
/* Whether the answer to a question is on its way, which another query would drop. */
bool wait_is_asking(const struct control *c);
/* Reads quotas until it succeeds, as nobody else could say what is used now; or it is time to end.
 */
struct quota *wait_quotas(struct control *c);

/* --- turns.c: the right to write, lent and moved --- */

/* When it is to be looked again for those who want the right to write, or for what the mount that
 * has it has committed. */
int64_t turns_due(const struct control *c);
/* Asks, and waits for nothing: the server may stand still. False when the session is lost. */
bool turns_look(struct control *c);
/* Takes the answer, if it has come, and does what it says. False when the connection is lost. */
bool turns_answer(struct control *c);
/* Between looks: takes the lease over where somebody waits for it. Returns whether this mount
 * follows another. */
bool turns_follow(struct control *c);
/* The thread ends: nobody is called any more. */
void turns_end(struct control *c);
