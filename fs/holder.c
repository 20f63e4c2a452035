#include "holder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "actor/actor.h"
#include "db/conn.h"

/* How long a daemon that still lives may take to commit what it has; and someone of whom nothing is
 * known, who is about to begin, to end, or to undo something. */
#define ENDING_MS  600000
#define UNKNOWN_MS 30000
#define STEP_MS    20

static const char who_sql[] =
	"select m.pid, m.host = $1::text and m.boot_id = $2::text, m.source"
	"  from thule.lease_holder() l (pid)"
	"  left join thule.mount m on m.backend = l.pid and m.ended_at is null and not m.read_only"
	" where l.pid is not null"
	" order by m.id desc nulls last limit 1";

struct search {
	struct mount_point wanted;
	struct mount_point *found;
	bool seen;
};

/* The last of these mounts that no other mount covers. */
static bool match(const struct mount_point *m, void *arg)
{
	struct search *s = arg;

	if (m->whole && mountinfo_same(m, &s->wanted)) {
		*s->found = *m;
		s->seen = true;
	} else if (s->seen && !strcmp(m->dir, s->found->dir)) {
		s->seen = false;
	}
	return true;
}

/* Whether the process `pid` (0: this one) sees a mount of the connection. */
static bool is_mounted(pid_t pid, long connection, const char *source, struct mount_point *m)
{
	struct search s = {.found = m};

	if (connection <= 0)
		return false;
	s.wanted.ours = true;
	s.wanted.device = (unsigned int)connection;
	snprintf(s.wanted.source, sizeof(s.wanted.source), "%s", source);
	return mountinfo_visit(pid, match, &s, NULL) && s.seen;
}

/* One look. *limit_ms is for how long to look again, when the answer is to wait: HOLDER_STAYS. */
static enum holder look(
	PGconn *conn, const struct actor_host *host, struct mount_point *m, long *limit_ms)
{
	const char *params[] = {host->host, host->boot_id};
	PGresult *res = db_query(conn, who_sql, 2, params, NULL);
	enum holder answer = HOLDER_STAYS;

	*limit_ms = 0;
	if (!res)
		return HOLDER_STAYS;
	if (PQntuples(res) == 0) {
		answer = HOLDER_GONE;
	} else if (PQgetisnull(res, 0, 0)) {
		*limit_ms = UNKNOWN_MS;
	} else if (PQgetvalue(res, 0, 1)[0] == 't') {
		pid_t pid = (pid_t)atol(PQgetvalue(res, 0, 0));
		const char *source = PQgetvalue(res, 0, 2);
		long connection = mountinfo_connection(pid);

		if (is_mounted(0, connection, source, m))
			answer = HOLDER_MOUNTED;
		else if (connection >= 0 && !is_mounted(pid, connection, source, m))
			*limit_ms = connection ? ENDING_MS : UNKNOWN_MS;
	}
	PQclear(res);
	return answer;
}

enum holder holder_await(const char *conninfo, struct mount_point *m)
{
	PGconn *conn = db_connect(conninfo, "thulefs", NULL);
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
	enum holder answer = HOLDER_STAYS;
	long limit_ms = 0, mounted_ms = 0;
	struct actor_host host;

	if (conn && actor_host_read(&host, NULL)) {
		for (long waited = 0;; waited += STEP_MS) {
			answer = look(conn, &host, m, &limit_ms);
			mounted_ms = answer == HOLDER_MOUNTED ? mounted_ms + STEP_MS : 0;
			if (answer == HOLDER_GONE || mounted_ms > MOUNTINFO_SETTLE_MS ||
				(answer == HOLDER_STAYS && waited >= limit_ms))
				break;
			nanosleep(&step, NULL);
		}
	}
	PQfinish(conn);
	return answer;
}
