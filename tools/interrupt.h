#pragma once

#include <libpq-fe.h>

/*
 * Cancels the query of a program that ends, which the server would otherwise run on for minutes or
 * hours. From here on SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGPIPE, unless they are ignored, cancel
 * the query of this connection and then end the program as they would have. The server itself
 * notices a program that is gone without a word. One connection at a time: the last one counts.
 */
void interrupt_watch(PGconn *conn);

/* Cancels the query of the watched connection, if there is one. Safe in signal handlers. */
void interrupt_cancel(int signal);

/*
 * Between them the signals end the program as if they were not watched: while it runs no query, and
 * waits for a mount. A daemon that is stopped answers nothing, and the kernel ends the waiting by a
 * signal that kills alone: one that is caught waits, too.
 */
void interrupt_pause(void);
void interrupt_resume(void);
