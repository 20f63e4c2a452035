#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "target.h"

/* A path at an instant, for commands that read the past: one snapshot of the database. */
struct past {
	struct target target;
	PGconn *conn;
	char op[24];  /* the last op at the instant; a parameter of queries */
	char ino[24]; /* the kind of file at the path */
	char kind[16];
	char *link; /* the path in a symbolic link, as SQL shows it; else NULL */
	char *path; /* as SQL shows it, from the root of the filesystem */
};

/*
 * Finds `path` at the instant `at` (as thule.instant takes it; NULL: now), by the names and
 * symbolic links of that instant; one at the end of the path is followed only if `follow`. Commits
 * first what a mount has acknowledged. ERR_USAGE: the words have no meaning; ERR_NOT_FOUND: the
 * instant cannot be read, or there was no such path. Call past_close() after success.
 */
bool past_open(struct past *p, const char *path, const char *at, bool follow, struct error *err);
void past_close(struct past *p);

/*
 * Only connects and begins the snapshot, for commands on a whole filesystem or on a path that need
 * not exist at either end; `path` may be NULL.
 */
bool past_connect(struct past *p, const char *path, struct error *err);

/*
 * Begins the snapshot on a connection of target_ask(). The daemon at a door takes single statements
 * instead, of which each names the op that it reads at.
 */
bool past_snapshot(PGconn *conn, struct error *err);

/*
 * Runs a query with text parameters, and with a binary result if `binary`. Returns its rows, to
 * PQclear(), or NULL with the errors of ask().
 */
PGresult *past_query(struct past *p, const char *sql, int nparams, const char *const *params,
	bool binary, struct error *err);

#define PAST_WHOLE UINT64_MAX

/*
 * Hands the bytes of a regular file between two offsets (PAST_WHOLE: to its end) to `sink`, in
 * order, in pieces of at most 1 MiB, until it returns false.
 */
bool past_read(struct past *p, const char *ino, uint64_t from, uint64_t to,
	bool (*sink)(void *arg, const char *data, size_t len, struct error *err), void *arg,
	struct error *err);

/* Does the same as of an op, a number as text, that is kept in the snapshot. */
bool past_read_as_of(struct past *p, const char *ino, const char *op, uint64_t from, uint64_t to,
	bool (*sink)(void *arg, const char *data, size_t len, struct error *err), void *arg,
	struct error *err);

/* The typed path as two parameters of a query, escaped text and bytea; one of them is NULL. */
struct past_path {
	const char *text;
	char *bytes;
};
struct past_path past_path(const struct target *t);

/*
 * The start of the walk of such a path, as thule_internal.walk_typed takes it; `values` are texts,
 * or NULL.
 */
enum { PAST_START, PAST_REST, PAST_TOP, PAST_HOME, PAST_START_VALUES };
struct past_start {
	const char *values[PAST_START_VALUES];
	char start[24], top[24];
	char *rest, *home;
};
void past_start(const struct target *t, struct past_start *s);
void past_start_release(struct past_start *s);
