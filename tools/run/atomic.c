#include "run/atomic.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "base/ns.h"
#include "base/run.h"
#include "base/show.h"
#include "request.h"
#include "self.h"
#include "sync.h"

bool atomic_find(struct atomic *a, struct error *err)
{
	a->value = getenv(RUN_VARIABLE);
	if (!a->value || !run_valid(a->value, strlen(a->value)))
		return error_set(err, ERR_INTERNAL,
			"%s is not in the environment: start this program by `thule run "
			"--atomic`",
			RUN_VARIABLE);
	return target_find(NULL, &a->target, err);
}

static void id_of(const struct atomic *a, char id[RUN_ID_LEN + 1])
{
	memcpy(id, a->value, RUN_ID_LEN);
	id[RUN_ID_LEN] = '\0';
}

bool atomic_begin(const struct atomic *a, const char *command, struct error *err)
{
	PGconn *conn = target_connect(&a->target, err);
	char id[RUN_ID_LEN + 1], *self = conn ? self_actor(conn, err) : NULL;
	char pid_ns[24], time_ns[24];
	const char *params[] = {id, a->value + RUN_ID_LEN + 1, command, self, pid_ns, time_ns};
	struct ns ns = ns_read();
	PGresult *res;
	bool ok;

	id_of(a, id);
	snprintf(pid_ns, sizeof(pid_ns), "%" PRIu64, ns.pid);
	snprintf(time_ns, sizeof(time_ns), "%" PRIu64, ns.time);
	res = self ? ask(conn, STMT_RUN_BEGIN, 6, params, err) : NULL;
	ok = res && PQntuples(res) == 1;
	if (res && !ok)
		error_set(err, ERR_USAGE,
			"the mount has `-o actor=off`, so nobody can tell what a run has "
			"changed: mount without that option, or leave out --atomic");
	PQclear(res);
	free(self);
	PQfinish(conn);
	return ok;
}

static bool say_undone(PGconn *conn, const char *what, const char *result, struct error *err)
{
	PGresult *res = ask(conn, STMT_COMMAND_RESULT, 1, &result, err);
	const char *left;

	if (!res)
		return false;
	left = PQgetvalue(res, 0, 3);
	show_line(stderr, "thule: %s; undone: %s (%s)%s%s%s\n", what, PQgetvalue(res, 0, 0),
		PQgetvalue(res, 0, 4), strcmp(left, "0") ? "; " : "", strcmp(left, "0") ? left : "",
		strcmp(left, "0")
			? " changes were left as they are, because somebody has changed the same "
			  "files since"
			: "");
	PQclear(res);
	return true;
}

static bool undo(PGconn *conn, const char *id, const char *what, struct error *err)
{
	char args[RUN_ID_LEN + 16], *result;
	PGresult *res;
	bool changed, ok;

	/* Its last changes may not be committed yet. */
	if (!sync_database(conn, err) || !(res = ask(conn, STMT_RUN_CHANGES, 1, &id, err)))
		return false;
	changed = PQgetvalue(res, 0, 0)[0] == 't';
	PQclear(res);
	if (!changed) {
		show_line(stderr, "thule: %s; it had changed nothing\n", what);
		return true;
	}
	snprintf(args, sizeof(args), "{\"run\": \"%s\"}", id);
	result = request_run(conn, "undo", args, NULL, err);
	ok = result && say_undone(conn, what, result, err);
	free(result);
	return ok;
}

bool atomic_end(const struct atomic *a, int status, const char *what)
{
	struct error err = {0};
	PGconn *conn = target_connect(&a->target, &err);
	char id[RUN_ID_LEN + 1], number[16];
	const char *params[] = {id, number};
	bool ok = conn != NULL;

	id_of(a, id);
	snprintf(number, sizeof(number), "%d", status);
	if (ok && status)
		ok = undo(conn, id, what, &err);
	if (ok) {
		PGresult *res = ask(conn, STMT_RUN_END, 2, params, &err);

		/* An undo that happens twice does no harm. */
		ok = res || status;
		PQclear(res);
	}
	if (!ok)
		show_line(stderr,
			"thule: %s, but the database does not take %s: %s; the daemon of the "
			"filesystem undoes the run, or else the next mount does\n",
			what, status ? "its undo" : "note of it", err.text);
	PQfinish(conn);
	return ok;
}
