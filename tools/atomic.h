#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "target.h"

/* A run that is all or nothing: thule.run has a row of it from before its command starts. */
struct atomic {
	struct target target;
	const char *value; /* of RUN_VARIABLE; the run's id, and its tag */
};

/* Which run the environment names, in which filesystem. */
bool atomic_find(struct atomic *a, struct error *err);

/* Writes down that it begins, with the calling process as its keeper. */
bool atomic_begin(const struct atomic *a, const char *command, struct error *err);

/*
 * Writes down that it ended; `status` is 0, an exit status, or 128 and a signal. Unless it is 0,
 * everything that the run has done is undone before, whatever signals come meanwhile that the
 * caller has blocked; `what` happened, and what became of it, is said in one line on stderr. False
 * when it could not be done, which is said there, too.
 */
bool atomic_end(const struct atomic *a, int status, const char *what);
