#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "target.h"

/* A path as of an instant, for commands that read the past: one snapshot of the database. */
struct past {
	struct target target;
	PGconn *conn;
	char op[24];  /* the last op that had happened; a parameter of queries */
	char ino[24]; /* what the path named then */
	char kind[16];
	char *path; /* as SQL has it, from the root of the filesystem */
};

/*
 * Finds `path` as it was at `at` (an instant as thule.instant takes it; NULL: now), by the names
 * and symbolic links of then; one at its end only if `follow`. Where it is mounted, all that was
 * acknowledged is committed first. ERR_USAGE: what was typed means nothing; ERR_NOT_FOUND: the
 * instant cannot be read, or there was no such path. past_close() it when true.
 */
bool past_open(struct past *p, const char *path, const char *at, bool follow, struct error *err);
void past_close(struct past *p);

/* For commands that look at a whole filesystem, or at a path that need not exist at either end:
 * only connects and begins the snapshot; `path` may be NULL. */
bool past_connect(struct past *p, const char *path, struct error *err);

/*
 * Runs a query with text parameters; `binary`: with a binary result. Errors are those of ask().
 * NULL with *err set; PQclear() it.
 */
PGresult *past_query(struct past *p, const char *sql, int nparams, const char *const *params,
	bool binary, struct error *err);

#define PAST_WHOLE UINT64_MAX

/*
 * Hands the bytes of a regular file from one offset to another, or its end (PAST_WHOLE), to `sink`,
 * in pieces of at most 1 MiB, in order, until it returns false.
 */
bool past_read(struct past *p, const char *ino, uint64_t from, uint64_t to,
	bool (*sink)(void *arg, const char *data, size_t len, struct error *err), void *arg,
	struct error *err);

/* The path that was typed as parameters of a query: escaped text, or else bytea; one is NULL. */
struct past_path {
	const char *text;
	char *bytes;
};
struct past_path past_path(const struct target *t);

/* Where the walk of such a path begins, as thule.walk_typed takes it: `values` are texts, or NULL.
 */
enum { PAST_START, PAST_REST, PAST_TOP, PAST_HOME, PAST_START_VALUES };
struct past_start {
	const char *values[PAST_START_VALUES];
	char start[24], top[24];
	char *rest, *home;
};
void past_start(const struct target *t, struct past_start *s);
void past_start_release(struct past_start *s);
