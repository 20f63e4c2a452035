#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * Programs that take long, in sight of the terminal: they have its input and output, and Ctrl-C
 * ends them.
 */

/* Has signals that end the program wait from now on, so that what was begun can be taken back. */
void child_hold_signals(void);

/* ERR_BUSY when one has come. To be asked between the steps. */
bool child_go_on(struct error *err);

/* Runs argv (NULL-terminated; argv[0] is the path of the program) and waits for it. It dies with
 * this process. ERR_BUSY when a signal ended it, ERR_SYSTEM when it failed, as it has said. */
bool child_run(const char *const *argv, struct error *err);
