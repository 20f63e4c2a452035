#include "atomic.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "base/run.h"
#include "base/show.h"
#include "request.h"
#include "self.h"

bool atomic_find(struct atomic *a, struct error *err)
{
	a->value = getenv(RUN_VARIABLE);
	if (!a->value || !run_valid(a->value, strlen(a->value)))
		return error_set(err, ERR_INTERNAL, "%s is not set", RUN_VARIABLE);
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
	const char *params[] = {id, a->value + RUN_ID_LEN + 1, command, self};
	PGresult *res;
	bool ok;

	id_of(a, id);
	res = self ? ask(conn, STMT_RUN_BEGIN, 4, params, err) : NULL;
	ok = res && PQntuples(res) == 1;
	if (res && !ok)
		error_set(err, ERR_USAGE,
			"with `-o actor=off` nobody can tell what a run has changed, and so not "
			"undo it");
	PQclear(res);
	free(self);
	PQfinish(conn);
	return ok;
}

static bool is_marked(const char *pid, const char *mark)
{
	char path[64], *line = NULL;
	size_t size = 0;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/environ", pid);
	f = fopen(path, "re");
	while (f && !found && getdelim(&line, &size, '\0', f) > 0)
		found = !strcmp(line, mark);
	free(line);
	if (f)
		fclose(f);
	return found;
}

/* True when there was one to kill. */
static bool kill_marked(const char *mark)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	while (proc && (entry = readdir(proc))) {
		int pid = atoi(entry->d_name);
		if (pid > 0 && pid != getpid() && is_marked(entry->d_name, mark))
			found = kill(pid, SIGKILL) == 0 || found;
	}
	if (proc)
		closedir(proc);
	return found;
}

void atomic_kill(const struct atomic *a)
{
	char mark[sizeof(RUN_VARIABLE) + RUN_ID_LEN + RUN_TAG_MAX + 3];

	snprintf(mark, sizeof(mark), "%s=%s", RUN_VARIABLE, a->value);
	/* Again for those that the killed have started meanwhile. The dead have no environment. */
	while (kill_marked(mark))
		;
}

static void say_undone(PGconn *conn, const char *result)
{
	PGresult *res = ask(conn, STMT_COMMAND_RESULT, 1, &result, NULL);

	if (!res)
		return;
	show_line(stderr, "thule: undone: %s (%s ops)\n", PQgetvalue(res, 0, 0),
		PQgetvalue(res, 0, 1));
	if (strcmp(PQgetvalue(res, 0, 3), "0") != 0)
		show_line(stderr,
			"thule: %s changes were left, because someone else changed the same later; "
			"see thule undo --dry-run\n",
			PQgetvalue(res, 0, 3));
	PQclear(res);
}

static bool undo(PGconn *conn, const char *id, struct error *err)
{
	char args[RUN_ID_LEN + 16], *result;
	PGresult *res;
	bool changed;

	/* What it did last may not be committed yet. */
	if (!ask_sync(conn, err) || !(res = ask(conn, STMT_RUN_CHANGES, 1, &id, err)))
		return false;
	changed = PQgetvalue(res, 0, 0)[0] == 't';
	PQclear(res);
	if (!changed) {
		show_line(stderr, "thule: it changed nothing\n");
		return true;
	}
	snprintf(args, sizeof(args), "{\"run\": \"%s\"}", id);
	result = request_run(conn, "undo", args, err);
	if (!result)
		return false;
	say_undone(conn, result);
	free(result);
	return true;
}

bool atomic_end(const struct atomic *a, int status, struct error *err)
{
	PGconn *conn = target_connect(&a->target, err);
	char id[RUN_ID_LEN + 1], number[16];
	const char *params[] = {id, number};
	PGresult *res;

	id_of(a, id);
	snprintf(number, sizeof(number), "%d", status);
	if (!conn || (status && !undo(conn, id, err))) {
		PQfinish(conn);
		return false;
	}
	res = ask(conn, STMT_RUN_END, 2, params, err);
	PQclear(res);
	PQfinish(conn);
	return res != NULL;
}
