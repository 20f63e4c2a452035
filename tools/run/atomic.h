#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "target.h"

/*
 * An atomic run: all its changes stay, or none. A row of thule.run exists from before its command
 * starts.
 */
struct atomic {
	struct target target;
	const char *value; /* the value of RUN_VARIABLE: id and tag of the run */
};

/* Finds the run that the environment names, and its filesystem. */
bool atomic_find(struct atomic *a, struct error *err);

/* Records the beginning of the run, with the calling process as its keeper. */
bool atomic_begin(const struct atomic *a, const char *command, struct error *err);

/*
 * Records the end of the run. `status` is 0, an exit status, or 128 and a signal. Unless it is 0,
 * all changes of the run are undone first, whatever signals arrive that the caller has blocked.
 * Prints one line on stderr that says `what` happened and how it ended. Returns false, after saying
 * so there, when the database did not take it.
 */
bool atomic_end(const struct atomic *a, int status, const char *what);
