#include "runs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "actor/facts.h"
#include "actor/proc.h"
#include "base/log.h"
#include "db/conn.h"
#include "db/statement.h"

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
