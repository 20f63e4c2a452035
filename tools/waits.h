#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/mountinfo.h"

/* The answer of a daemon: what it waits for, what it has in memory, and who waits for it. */
struct waits;

/*
 * Asks the daemon, never the database. Returns its answer, for waits_free(), or NULL with the
 * errors of control.h.
 */
struct waits *waits_ask(const struct mount_point *m, struct error *err);
void waits_free(struct waits *w); /* accepts NULL */

/* Prints the part for `thule status`, as lines or as members of an object. Accepts NULL. */
void waits_show_memory(const struct waits *w);
void waits_show_memory_json(const struct waits *w);

/* Returns the transport of the daemon, "" for an older one, and in *why why it is not the faster
 * one, or "". */
const char *waits_transport(const struct waits *w, const char **why);

/* Returns the daemon's process, as it is called in its pid namespace; 0: an older one. */
pid_t waits_pid(const struct waits *w);

/*
 * Prints everything on stdout, as lines and a table or as an object of JSON. Returns false after
 * printing why it cannot be had.
 */
bool waits_report(const struct mount_point *m, bool json);

/* Does the same for every mount. Returns an exit status. */
int waits_report_all(bool json);
