#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/run.h"

/* Makes an id that no other run has. */
bool mark_new_id(char id[static RUN_ID_LEN + 1], struct error *err);

/*
 * Puts the mark of a run into the environment, by which the log knows what its processes do. A run
 * within a run has the same id, so that both are undone together, unless it is atomic itself. The
 * id is the tag when none is given.
 */
bool mark_run(const char *tag, bool atomic, struct error *err);
