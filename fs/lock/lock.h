#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Locks on files that hold across mounts (-o locks=cluster): what processes ask of flock(2) and
 * fcntl(2) is asked of the database, by a session and a thread of their own. README.md has how.
 */
struct locking;

enum lock_mode { LOCK_NONE, LOCK_SHARED, LOCK_EXCLUSIVE };

/* Offsets of bytes include both ends; this is the end of a file, however long it gets. */
#define LOCK_BYTES_MAX INT64_MAX

struct lock {
	uint64_t ino;
	uint64_t owner; /* the kernel's number of a process or of an open file */
	bool flock;     /* of flock(2); else of fcntl(2) */
	enum lock_mode mode;
	int64_t first, last;
	int32_t pid; /* 0: not known */
};

enum lock_question {
	LOCK_SET,  /* take it, or release it (LOCK_NONE) */
	LOCK_TEST, /* which one of fcntl(2) is in its way */
};

/* What is asked. */
struct lock_ask {
	enum lock_question question;
	struct lock lock; /* after LOCK_TEST: what is in its way, or LOCK_NONE */
	bool waits;       /* until nothing is in its way */
	bool closes;      /* the owner closes the file, which releases all that it has there */
	uint64_t fh;      /* of the open file */
	uint64_t upto;    /* the op that is to be committed before others may have the lock */
	/* Ends it, with 0 or an errno, and frees it. On the room's thread, without a lock. */
	void (*done)(struct lock_ask *ask, int error);
	/* Whether who asks waits no longer, as after a signal: then it ends with EINTR. On the
	 * room's thread. NULL: never. */
	bool (*interrupted)(const struct lock_ask *ask);
	/* It takes its time, as the database is away; `done` comes all the same. On the room's
	 * thread. NULL: nobody wants to know. */
	void (*late)(struct lock_ask *ask);
	/* Of the room. */
	struct lock_ask *next;
	struct holder *holder;
	int64_t request; /* its number, when it waits; 0: it has none yet */
	int64_t due;     /* when it is tried again, CLOCK_MONOTONIC */
};

struct locking_config {
	const char *conninfo;
	uint64_t mount; /* thule.mount.id of this daemon */
	/* On the room's thread, which asks again after a moment: whether the ops up to this one are
	 * committed, or will never be. */
	bool (*settled)(void *arg, uint64_t upto);
	/* On the room's thread: the locks that the file that is open as fh had are lost. */
	void (*lost)(void *arg, uint64_t fh);
	void *arg;
};

/* Starts the thread. Nothing is asked of the database before somebody asks for a lock. NULL with
 * *err set. */
struct locking *locking_start(const struct locking_config *config, struct error *err);

/* Ends the thread; whoever still waits gets ENODEV. The session ends, and with it the locks, in
 * locking_free(). NULL: nothing. */
void locking_stop(struct locking *l);
void locking_free(struct locking *l);

/*
 * Asks; `done` is called once, perhaps before this returns its true. False, with the ask still the
 * caller's: nothing is to be done, as when what is released is held by nobody. Any thread, as all
 * that follows, and under the lock of the filesystem or without.
 */
bool locking_ask(struct locking *l, struct lock_ask *ask);

/* Whether the owner may have something of that kind on the file. */
bool locking_holds(struct locking *l, const struct lock *lock);

/* The last descriptor of an open file was closed: what it has is released. */
void locking_close(struct locking *l, uint64_t ino, uint64_t fh, uint64_t upto);

/* Somebody who waits may have been interrupted. Takes no lock. */
void locking_look(struct locking *l);
