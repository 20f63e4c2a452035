#include "mount/holder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/host.h"
#include "base/log.h"
#include "db/conn.h"
#include "mount/pinned.h"

/*
 * Limits of waiting: for a daemon that still lives to commit what it has; for a holder of whom
 * nothing is known, who is about to begin, to end, or to undo something; and for a mount that
 * another namespace keeps.
 */
#define ENDING_MS  600000
#define UNKNOWN_MS 30000
#define PINNED_MS  30000
#define STEP_MS    20

/* How long it waits before it says for whom. */
#define TELL_MS 2000

static const char who_sql[] =
	"select m.pid, m.id is not null, m.source"
	"  from thule.lease_holder() l (pid)"
	"  full join (select * from thule.mount m where m.host = $1::text and m.boot_id = $2::text"
	"    and m.id in (select thule_internal.mounts_live())) m on m.backend = l.pid"
	/* A mount of another host is asked to move the lease. */
	" where m.id is not null or l.pid is not null and not exists (select from thule.mount m"
	"    where m.backend = l.pid and m.ended_at is null and not m.read_only)"
	" order by m.id desc nulls last limit 1";

struct search {
	struct mount_point wanted;
	struct mount_point *found;
	bool seen;
};

/* Remembers the last of these mounts that no other mount covers. */
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

/* Returns whether the process `pid` (0: this one) sees a mount of the connection. */
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

struct wait {
	long limit_ms; /* for how long to look again, when the answer is HOLDER_STAYS */
	pid_t pid;     /* the daemon that has the lease; 0: unknown, or of another host */
	bool told;     /* for whom it waits */
	bool looked;   /* for who keeps it mounted, found or not */
	bool pinned;
	struct pinned pin;
};

/* Finds out, once, in which namespace it is mounted, if not in this one. */
static void look_for_pin(struct wait *w, long connection, const char *source)
{
	char text[2400];

	if (w->looked || connection <= 0)
		return;
	w->looked = true;
	w->pinned = pinned_find((unsigned int)connection, source, &w->pin);
	if (!w->pinned)
		return;
	pinned_describe(&w->pin, text, sizeof(text));
	log_warn("%s; waiting for %d s", text, PINNED_MS / 1000);
}

/* Looks once. */
static enum holder look(
	PGconn *conn, const struct host *host, struct mount_point *m, struct wait *w)
{
	const char *params[] = {host->name, host->boot_id};
	PGresult *res = db_query(conn, who_sql, 2, params, NULL);
	enum holder answer = HOLDER_STAYS;

	w->limit_ms = 0;
	w->pid = 0;
	if (!res)
		return HOLDER_STAYS;
	if (PQntuples(res) == 0) {
		answer = HOLDER_GONE;
	} else if (PQgetisnull(res, 0, 0)) {
		w->limit_ms = UNKNOWN_MS;
	} else if (PQgetvalue(res, 0, 1)[0] == 't') {
		pid_t pid = (pid_t)atol(PQgetvalue(res, 0, 0));
		const char *source = PQgetvalue(res, 0, 2);
		long connection = mountinfo_connection(pid);

		w->pid = pid;
		if (is_mounted(0, connection, source, m)) {
			answer = HOLDER_MOUNTED;
		} else if (connection >= 0) {
			look_for_pin(w, connection, source);
			w->limit_ms = w->pinned ? PINNED_MS : connection ? ENDING_MS : UNKNOWN_MS;
		}
	}
	PQclear(res);
	return answer;
}

/* Ends the line of show_progress(). */
static void hide_progress(void)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%79s\r", "");
}

/* Says once for whom it waits, and why that may be; and shows progress each second to a person at a
 * terminal. */
static void show_progress(struct wait *w, long waited)
{
	if (waited >= w->limit_ms || !w->pid)
		return;
	if (waited >= TELL_MS && !w->told && !w->pinned) {
		hide_progress();
		log_warn("waiting for the daemon with process id %ld, which has the filesystem and "
			 "is not mounted here: it is starting, or commits what it has, or a file "
			 "is still open after `umount -l`",
			(long)w->pid);
		w->told = true;
	}
	if (isatty(STDERR_FILENO) && waited >= 1000 && waited % 1000 == 0)
		fprintf(stderr, "\rwaiting for the daemon that had it mounted (pid %ld): %ld s ",
			(long)w->pid, waited / 1000);
}

enum holder holder_await(const char *conninfo, struct mount_point *m, struct error *err)
{
	PGconn *conn = db_connect(conninfo, "thulefs", NULL);
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
	enum holder answer = HOLDER_STAYS;
	struct wait w = {0};
	long mounted_ms = 0, waited;
	struct host host;
	char text[2400];

	if (conn && host_read(&host, NULL)) {
		for (waited = 0;; waited += STEP_MS) {
			answer = look(conn, &host, m, &w);
			mounted_ms = answer == HOLDER_MOUNTED ? mounted_ms + STEP_MS : 0;
			if (answer == HOLDER_GONE || mounted_ms > MOUNTINFO_STALE_MS ||
				(answer == HOLDER_STAYS && waited >= w.limit_ms))
				break;
			show_progress(&w, waited);
			nanosleep(&step, NULL);
		}
		if (waited > 1000)
			hide_progress();
	}
	if (answer == HOLDER_STAYS && w.pinned) {
		pinned_describe(&w.pin, text, sizeof(text));
		error_set(err, ERR_LEASE, "%s", text);
	}
	PQfinish(conn);
	return answer;
}
