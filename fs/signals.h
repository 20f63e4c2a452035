#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "fs.h"

/*
 * Signals to the daemon are taken by one thread, which waits for them: SIGTERM and SIGINT unmount
 * it, SIGUSR1 has it log what waits (control/report.h). There is one such thread in a process.
 */
struct signals;

/* Blocks those signals for this thread and those that it starts, so it comes before all others;
 * SIGPIPE and SIGXFSZ are ignored. */
void signals_block(void);

/* Starts the thread; `path`, where it is mounted, is for the log and must stay, as must `fs`. NULL
 * with *err set. */
struct signals *signals_start(const char *path, struct fs *fs, struct error *err);

/* Ends the thread. Accepts NULL. */
void signals_stop(struct signals *s);
