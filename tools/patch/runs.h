#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "db/statement.h"
#include "past.h"
#include "patch/patch.h"

/*
 * A log with what each run of changes did to files. A run is changes that one process made one
 * after the other, with nobody else's in between to the same inodes, so that what it did is what
 * differs between the state before its first one and that after its last.
 */
struct runs {
	enum stmt stmt;            /* command_log or command_log_path */
	const char *const *params; /* of it */
	int nparams;
	int limit, below; /* where in these the number of changes is, and the op that ends them */
	bool reverse;     /* the oldest run first */
};

/*
 * Prints the runs of a log, the newest first, a page of the log at a time. Sets *rows to the number
 * of changes. Returns false with *err set.
 */
bool runs_print(struct patch *patch, const struct runs *runs, long *rows, struct error *err);

/*
 * Prints what files among `inos` (an array, as SQL has it) became from the state after op `from` to
 * that after op `to`, or why it is not known if that of before is not kept.
 */
bool runs_print_between(struct patch *patch, const char *from, const char *to, const char *inos,
	bool kept, struct error *err);
