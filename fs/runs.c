#include "runs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actor/facts.h"
#include "actor/proc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/run.h"
#include "db/conn.h"
#include "db/statement.h"

#define LOOK_NS INT64_C(1000000000)

struct watched_run {
	char id[RUN_ID_LEN + 1];
	bool seen; /* its keeper was alive */
	bool dead; /* and was not, the last time */
};

static bool alive(const char *pid, unsigned long long start_time)
{
	char path[64], buf[1024];
	struct proc_stat st;
	long n;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	n = proc_read_at(AT_FDCWD, path, buf, sizeof(buf));
	return n > 0 && proc_parse_stat(buf, (size_t)n, &st) && st.start_time == start_time &&
	       !(st.flags & PROC_FLAG_EXITING);
}

static bool undo(PGconn *conn, const char *id, const struct actor_host *host, struct error *err)
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

bool runs_recover(const char *conninfo, const struct actor_host *host, struct error *err)
{
	const char *params[] = {host->host, host->boot_id};
	PGconn *conn = db_connect(conninfo, "thulefs", err);
	PGresult *res =
		conn ? db_query(conn, statements[STMT_RUN_UNFINISHED].text, 2, params, err) : NULL;
	bool ok = res != NULL;

	for (int i = 0; ok && i < PQntuples(res); i++) {
		bool here = PQgetvalue(res, i, 3)[0] == 't';
		unsigned long long start_time = strtoull(PQgetvalue(res, i, 2), NULL, 10);
		/* Elsewhere it may live on, but its filesystem is here now. */
		if (!here || !alive(PQgetvalue(res, i, 1), start_time))
			ok = undo(conn, PQgetvalue(res, i, 0), host, err);
	}
	PQclear(res);
	PQfinish(conn);
	return ok;
}

static struct watched_run watched(const struct runs_watch *w, const char *id)
{
	struct watched_run fresh = {{0}, false, false};

	for (size_t i = 0; i < w->count; i++)
		if (!strcmp(w->runs[i].id, id))
			return w->runs[i];
	strncpy(fresh.id, id, RUN_ID_LEN);
	return fresh;
}

/* *found: its keeper is dead at the second look, at which `thule run` has begun to do that
 * itself if it lives. */
static bool look(struct watched_run *run, const PGresult *res, int row, PGconn *conn,
	const struct actor_host *host, bool *found, struct error *err)
{
	unsigned long long start_time = strtoull(PQgetvalue(res, row, 2), NULL, 10);
	bool here = PQgetvalue(res, row, 3)[0] == 't', was_dead = run->dead;

	run->dead = here && run->seen && !alive(PQgetvalue(res, row, 1), start_time);
	run->seen = run->seen || (here && alive(PQgetvalue(res, row, 1), start_time));
	if (!was_dead || !run->dead)
		return true;
	*found = true;
	return undo(conn, run->id, host, err);
}

bool runs_watch(struct runs_watch *w, PGconn *conn, const struct actor_host *host, bool asked,
	bool *found, struct error *err)
{
	const char *params[] = {host->host, host->boot_id};
	struct watched_run *runs;
	bool ok = true;
	PGresult *res;
	size_t n;

	if (!asked && (!w->count || clock_mono_ns() < w->next_look))
		return true;
	res = db_query(conn, statements[STMT_RUN_UNFINISHED].text, 2, params, err);
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
	*w = (struct runs_watch){runs, n, clock_mono_ns() + LOOK_NS};
	return ok;
}

void runs_watch_end(struct runs_watch *w)
{
	free(w->runs);
	*w = (struct runs_watch){NULL, 0, 0};
}
