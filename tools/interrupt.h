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
