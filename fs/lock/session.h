#pragma once

#include <libpq-fe.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "lock/lock.h"

/* The session that holds the locks, and what is asked on it. Of the room's thread. */
struct lock_session {
	const char *conninfo;
	uint64_t mount;
	PGconn *conn; /* NULL: there is none */
	long number;  /* of the session, also when it is lost; 0: there was none */
	int wake_fd;  /* eventfd: *stop may be true */
	const atomic_bool *stop;
	/* Called when an answer takes its time, now and then. */
	void (*late)(void *arg);
	void *arg;
};

enum lock_outcome {
	LOCK_DONE,
	LOCK_CONFLICT,
	LOCK_WAITS,
	LOCK_CIRCLE,  /* to wait would be for ever */
	LOCK_REFUSED, /* the database has refused the question, for a reason that is logged */
	LOCK_LOST,    /* so is the session, perhaps with its locks */
};

/* Connects. *kept says whether the locks that were there before are. False with *err set. */
bool lock_session_begin(struct lock_session *s, bool *kept, struct error *err);

/* Asks for a lock; *held is what the owner has afterwards. */
enum lock_outcome lock_session_set(
	struct lock_session *s, const struct lock *lock, int64_t request, bool *held);
/* Sets *lock to the one that would be in its way, or its mode to LOCK_NONE. */
enum lock_outcome lock_session_test(struct lock_session *s, struct lock *lock);
/* It waits no longer with that request. */
enum lock_outcome lock_session_leave(struct lock_session *s, int64_t request);

/* Calls fn with the inode of each file that something was released of, 0: of any. False when the
 * session is lost. */
bool lock_session_released(struct lock_session *s, void (*fn)(void *arg, uint64_t ino), void *arg);

/* Forgets the connection; the locks may be taken back by lock_session_begin(). */
void lock_session_drop(struct lock_session *s);
/* Releases all, if there is a connection. */
void lock_session_end(struct lock_session *s);
