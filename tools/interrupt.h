#pragma once

#include <libpq-fe.h>

/*
 * A program that ends while the server works for it leaves that work running, for minutes or hours.
 * From here on SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGPIPE, unless they are ignored, cancel what
 * the server does for this connection, and end the program as they would have. The server itself
 * notices that a program is gone which could not say so. One connection at a time: the last one
 * counts.
 */
void interrupt_watch(PGconn *conn);

/* Cancels what the server does for the connection that is watched, if any. Fit for signal handlers.
 */
void interrupt_cancel(int signal);
