#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

/*
 * One line on stderr that says how far long work is, for people: nothing is shown unless stderr is
 * a terminal, nor with --quiet.
 */
struct progress {
	const char *what; /* "pruning" */
	bool shown, drawn;
	long long start_ms, drawn_ms;
};

/* The option that all of them have. */
#define PROGRESS_QUIET_HELP "show no progress on a terminal"

void progress_begin(struct progress *p, const char *what, bool quiet);

/*
 * Says that `done` of `all` is done, with more words or "", and estimates when the rest will be.
 * Draws a few times a second, however often it is called. When all is done, the line goes.
 */
void progress_step(struct progress *p, double done, double all, const char *detail);

/* Takes the line away; what is printed next begins where it was. */
void progress_end(struct progress *p);

/*
 * Has thule_internal.progress() move it, from now on, in statements of this connection; `p` NULL:
 * no more. Does nothing where nothing is shown.
 */
void progress_listen(struct progress *p, PGconn *conn);
