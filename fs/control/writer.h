#pragma once

#include <libpq-fe.h>

#include "control/foreign.h"

/*
 * SQL transactions that change files (sql/README.md, Locks): one of them asks, the drain commits
 * all that was acknowledged and lends it the right to write, waits for its end, and takes the right
 * back. Changes on the mount wait meanwhile, what only reads goes on.
 */

/* The channel on which a mount says that it asks for the lease. */
#define WRITER_TURN "thule_turn"

/* And those on which it says that it opens files, and has its answer (control/opens.c). */
#define WRITER_OPEN   "thule_open"
#define WRITER_OPENED "thule_opened"

/* Prepares what the control session asks. False with *err set. */
bool writer_prepare(PGconn *conn, struct error *err);

/* Asks whether a transaction asks, or what is committed (follow_look.sql), and waits for nothing:
 * the server may stand still. False with *err set. */
bool writer_look(PGconn *conn, enum stmt stmt, struct error *err);
/* The same, with parameters: follow_ask.sql. */
bool writer_ask(PGconn *conn, const char *const params[3], struct error *err);

enum writer_answer {
	WRITER_WAITS, /* the answer is on its way */
	WRITER_NONE,  /* nobody asks, or another query has dropped the answer */
	WRITER_ASKS,
	WRITER_MOVES, /* another mount asks for the lease */
	WRITER_LOST,  /* the session is of no use any more */
};

/* What is committed: the last op, 0: that was not asked or not answered; and the last request that
 * was performed, which may have touched what no op names. */
struct writer_seen {
	uint64_t op, request;
	int64_t at; /* the server's time, microseconds */
	/* Of follow_ask.sql. */
	bool settled; /* nothing is acknowledged that is not committed */
	bool trusted; /* the session that has answered is a daemon's */
};

/* Takes the answer. */
enum writer_answer writer_asks(PGconn *conn, struct writer_seen *seen);

struct writer {
	struct fs *fs;
	const char *conninfo;
	uint64_t mount;   /* of this daemon */
	bool free;        /* takes the lease from nobody who has it */
	uint64_t since;   /* the last op that is known; of one that lends, before others wrote */
	uint64_t request; /* the last request that was performed when it lent */
	int64_t lent_at;  /* when that was, or before: the server's time, microseconds */
	bool moved;       /* it was another mount, which has the lease now */
	/* What is different when the right is there, or is back: marks, also after a failure;
	 * touched, NULL: not known; quotas and request with that. */
	struct foreign *changed;
};

/*
 * On the control thread: lends the right, and returns when it is back; changes wait until
 * journal_resume(). The marks say how far ids are used, also after a failure: false with *err set,
 * and something may have been changed all the same.
 */
bool writer_lend(struct writer *w, struct error *err);

/*
 * On the control thread, of a mount that follows: takes the lease over and returns when it is
 * there, or another session keeps it; the rest as above. The mount follows no more when it is
 * there.
 */
bool writer_take(struct writer *w, struct error *err);

/* Reads what was changed after op `since` into *f, whose results are the caller's; `orphans`: and
 * what has no name since. False with *err set. */
bool writer_changed(
	PGconn *conn, uint64_t since, bool orphans, struct foreign *f, struct error *err);
/* Whether an inode of what was touched has no name any more. */
bool writer_nameless(const PGresult *touched);
