#pragma once

#include <libpq-fe.h>
#include <limits.h>

#include "base/mountinfo.h"
#include "journal/ring.h"

/* The journal of a daemon, which can be looked at without the database. */
struct journal_seen {
	char path[PATH_MAX]; /* "": none can be seen */
	struct ring_peek peek;
};

/* Looks at the journal of the daemon that serves a mount. */
void journal_seen_look(const struct mount_point *m, struct journal_seen *j);

/*
 * Looks for a journal that a daemon that is gone has left of the filesystem of conn, unless one was
 * seen.
 */
void journal_seen_left(PGconn *conn, struct journal_seen *j);

/* Writes why the database refuses what is in a journal, and what to do; and prints the same as an
 * object of JSON, or null. */
void journal_seen_refusal(const struct ring_peek *peek, char *text, size_t size);
void journal_seen_refusal_json(const struct ring_peek *peek);

/* Prints the journal on stdout, as lines or as an object of JSON. */
void journal_seen_show(const struct journal_seen *j);
void journal_seen_show_json(const struct journal_seen *j);
