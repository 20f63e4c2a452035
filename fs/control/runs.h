#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/host.h"

/*
 * Atomic runs (sql/schema/run.sql) that ended with their keeper, as when the host went down: asks,
 * in thule.request, that they be undone. To be called by who holds the lease, before it looks for
 * requests. False with *err set when the database fails.
 */
bool runs_recover(const char *conninfo, const struct host *host, bool alone, struct error *err);

/* Atomic runs that go on, as runs_watch() saw them last. */
struct runs_watch {
	struct watched_run *runs;
	size_t count;
	bool failed;       /* the last look: there may be others */
	int64_t next_look; /* clock_mono_ns() */
};

/*
 * Asks, like runs_recover(), for the undo of runs whose keeper has died while the filesystem is
 * mounted, also when it was dead at the first look. A keeper in a pid namespace that is not seen
 * from here, or on another host, is left alone. Looks once a second while there are runs, and at
 * once when `asked`. *found: there is a request now. The connection is the caller's. False with
 * *err set when the database fails: then the rest is looked at a second later.
 */
bool runs_watch(struct runs_watch *w, PGconn *conn, const struct host *host, bool asked,
	bool *found, struct error *err);

void runs_watch_end(struct runs_watch *w);
