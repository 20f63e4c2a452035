#pragma once

/*
 * What the parts of the control thread share; nobody else includes this. In this order, each part
 * calls those before it alone: opens, wait, turns, control.
 */

#include <pthread.h>

#include "base/buf.h"
#include "control/control.h"
#include "control/invalidator.h"
#include "control/runs.h"
#include "control/writer.h"
#include "op/follow.h"

#define MS INT64_C(1000000)

/* By the clock of this host, nanoseconds, with the time for which it was suspended; and by the
 * server's, microseconds, which goes on while a virtual host stands. */
struct moment {
	int64_t boot, server;
};

/* An answer to who opens files. */
struct opens_answer {
	int by;               /* process of the session that has given it; 0: there is none */
	struct moment moment; /* since when closes wait; 0: they need not */
};

/* What a mount with the lease was asked by another, and whether it is about to be answered. */
struct question {
	uint64_t mount, number;
	bool settling;
};

#define OPENS_ASKED 16

/* What opens.c has. */
struct opens {
	/* Of a mount that follows. Of those that open files: who has come; who is called with the
	 * answer that is on its way if what was promised still holds then; and who waits for the
	 * answer of the mount with the lease. */
	struct follow_waiter *come, *relying, *asking;
	/* The questions that those wait for the answer of: numbers of the first one and the last.
	 */
	uint64_t first, number;
	struct moment asked[OPENS_ASKED]; /* when they were asked, by number modulo that */
	int64_t asked_at;                 /* when the first one was */
	bool settled;                     /* there was nothing to commit when it was looked */
	struct opens_answer answer;       /* that was heard last */
	struct opens_answer checked;      /* of which it is looked who gave it */
	struct moment sure; /* since when closes wait, for FOLLOW_SURE_NS; 0: they need not */
	/* Of the mount with the lease. */
	struct question *questions;
	size_t count;
};

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
	bool begun;        /* an atomic run may have begun */
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
	struct opens opens;
};

/* --- opens.c: files that are opened in mounts that follow --- */

/* A notification on one of the channels of this. */
void opens_heard(struct control *c, const PGnotify *n);
/* Of the mount with the lease: does what it is asked for, and answers if it may send that. */
void opens_serve(struct control *c, bool may_answer);
/* Whether it has to. */
bool opens_due(struct control *c);
/* Of one that follows: looks what is committed, and asks, if somebody who opens a file has to wait
 * for the answer. False with *err set when the session is lost. */
bool opens_look(struct control *c, struct error *err);
/* The answer to that: adds those whom it satisfies to c->catching. */
void opens_seen(struct control *c, const struct writer_seen *seen);
/* Closes wait since this moment; nothing is known of that any more, as the session was lost. */
void opens_rely(struct control *c, const struct moment *since);
void opens_doubt(struct control *c);
/* Whether the mount with the lease has not answered for long, so that it is to be taken from it. */
bool opens_wait_long(const struct control *c);
/* Takes all who wait. */
struct follow_waiter *opens_take(struct control *c);
void opens_end(struct control *c);

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
