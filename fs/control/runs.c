#include "control/runs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actor/seek.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/ns.h"
#include "base/run.h"
#include "db/conn.h"
#include "db/statement.h"

#define LOOK_NS INT64_C(1000000000)

struct watched_run {
	char id[RUN_ID_LEN + 1];
	pid_t keeper; /* in our pid namespace; 0: not known */
	bool hidden;  /* and never will be */
	int64_t gone; /* since when it is, by clock_mono_ns(); 0: it is not, as far as is known */
};

/* Runs without an end, oldest first. NULL with *err set when the database fails. */
static PGresult *unfinished(PGconn *conn, const struct host *host, struct error *err)
{
	char time_ns[24];
	const char *params[] = {host->boot_id, time_ns};

	snprintf(time_ns, sizeof(time_ns), "%" PRIu64, ns_read().time);
	return db_query(conn, statements[STMT_RUN_UNFINISHED].text, 2, params, err);
}

/* What of the keeper of a row can be seen; *here as process_seek() has it. */
static enum process_seen seek_keeper(const PGresult *res, int row, pid_t *here)
{
	const struct process_id id = {
		.pid = atoi(PQgetvalue(res, row, 1)),
		.pid_ns = strtoull(PQgetvalue(res, row, 2), NULL, 10),
		.start_time = strtoull(PQgetvalue(res, row, 3), NULL, 10),
	};

	return PQgetvalue(res, row, 4)[0] == 't' ? process_seek(&id, here) : PROCESS_HIDDEN;
}

static bool undo(PGconn *conn, const char *id, const struct host *host, struct error *err)
{
	char actor[512];
	const char *params[] = {id, actor};
	PGresult *res;

	log_warn("a run that was to be all or nothing did not end: undoing run %s", id);
	snprintf(actor, sizeof(actor),
		"{\"boot_id\": \"%s\", \"pid\": %d, \"uid\": %u, \"gid\": %u, \"comm\": "
		"\"thulefs\"}",
		host->boot_id, getpid(), geteuid(), getegid());
	res = db_query(conn, statements[STMT_RUN_UNDO].text, 2, params, err);
	PQclear(res);
	return res != NULL;
}

bool runs_recover(const char *conninfo, const struct host *host, bool alone, struct error *err)
{
	PGconn *conn = db_connect(conninfo, "thulefs", err);
	PGresult *res = conn ? unfinished(conn, host, err) : NULL;
	bool ok = res != NULL;

	for (int i = 0; ok && i < PQntuples(res); i++) {
		pid_t keeper = 0;
		enum process_seen seen = seek_keeper(res, i, &keeper);
		/* Elsewhere it may live on, but its filesystem is here alone now. */
		if (seen == PROCESS_GONE || (alone && seen == PROCESS_HIDDEN))
			ok = undo(conn, PQgetvalue(res, i, 0), host, err);
	}
	PQclear(res);
	PQfinish(conn);
	return ok;
}

static struct watched_run watched(const struct runs_watch *w, const char *id)
{
	struct watched_run fresh = {0};

	for (size_t i = 0; i < w->count; i++)
		if (!strcmp(w->runs[i].id, id))
			return w->runs[i];
	strncpy(fresh.id, id, RUN_ID_LEN);
	return fresh;
}

/* *found: its keeper has been gone for a while, in which `thule run` has begun to do that itself if
 * it lives. */
static bool look(struct watched_run *run, const PGresult *res, int row, PGconn *conn,
	const struct host *host, bool *found, struct error *err)
{
	int64_t now = clock_mono_ns();
	enum process_seen seen;

	if (run->hidden)
		return true;
	seen = seek_keeper(res, row, &run->keeper);
	run->hidden = seen == PROCESS_HIDDEN;
	if (seen != PROCESS_GONE)
		run->gone = 0;
	else if (!run->gone)
		run->gone = now;
	if (!run->gone || now - run->gone < LOOK_NS)
		return true;
	*found = true;
	return undo(conn, run->id, host, err);
}

bool runs_watch(struct runs_watch *w, PGconn *conn, const struct host *host, bool asked,
	bool *found, struct error *err)
{
	struct watched_run *runs;
	bool ok = true;
	PGresult *res;
	size_t n;

	if (!asked && ((!w->count && !w->failed) || clock_mono_ns() < w->next_look))
		return true;
	w->next_look = clock_mono_ns() + LOOK_NS;
	res = unfinished(conn, host, err);
	w->failed = !res;
	if (!res)
		return false;
	n = (size_t)PQntuples(res);
	runs = n ? xcalloc(n, sizeof(*runs)) : NULL;
	for (size_t i = 0; i < n; i++) {
		runs[i] = watched(w, PQgetvalue(res, (int)i, 0));
		ok = ok && look(&runs[i], res, (int)i, conn, host, found, err);
	}
	PQclear(res);
	free(w->runs);
	w->runs = runs;
	w->count = n;
	return ok;
}

void runs_watch_end(struct runs_watch *w)
{
	free(w->runs);
	*w = (struct runs_watch){0};
}
