#include <stdio.h>
#include <stdlib.h>

#include "arguments.h"
#include "ask.h"
#include "base/show.h"
#include "command.h"
#include "db/conn.h"
#include "door.h"
#include "follow.h"
#include "hex.h"
#include "pager.h"
#include "print.h"
#include "target.h"

enum {
	OPT_SINCE,
	OPT_UNTIL,
	OPT_USER,
	OPT_PID,
	OPT_EXE,
	OPT_TAG,
	OPT_KIND,
	OPT_COUNT,
	OPT_JSON,
	OPT_FOLLOW
};

static const struct command_option options[] = {
	[OPT_SINCE] = {0, "since", "T", "changes at or after this instant"},
	[OPT_UNTIL] = {0, "until", "T", "changes at or before this instant"},
	[OPT_USER] = {0, "user", "U", "by this user, a name or a uid"},
	[OPT_PID] = {0, "pid", "P", "by this process"},
	[OPT_EXE] = {0, "exe", "E", "by this program, a path or its last part"},
	[OPT_TAG] = {0, "tag", "G", "with this tag"},
	[OPT_KIND] = {0, "kind", "K", "of this kind: create, write, rename, unlink, ..."},
	[OPT_COUNT] = {'n', NULL, "N", "the newest N of them"},
	[OPT_JSON] = {0, "json", NULL, "print a JSON array, or with --follow an object a line"},
	[OPT_FOLLOW] = {'f', "follow", NULL, "go on with changes as they are made, oldest first"},
	{0},
};

/* The path may have been that of other files: they have logs of their own. `params` are those of
 * command_log_path. */
static bool tell_others(PGconn *conn, const char *const *params, struct error *err)
{
	const char *asked[] = {params[9], params[10], params[1], NULL};
	PGresult *res = ask(conn, STMT_COMMAND_LOG_BEFORE, 4, asked, err);
	bool ok = res != NULL;

	if (ok && !PQgetisnull(res, 0, 0))
		show_line(stderr,
			"thule: until op:%s the path was another file's: --until op:%s shows the "
			"log of that\n",
			PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 0));
	PQclear(res);
	return ok;
}

/* Pruning the log (thule prune --ops) leaves gaps, which look like nothing having happened. */
static bool tell_pruned(PGconn *conn, const char *since, struct error *err)
{
	PGresult *res = ask(conn, STMT_COMMAND_LOG_BEGINS, 1, &since, err);
	bool ok = res != NULL;

	if (ok && !PQgetisnull(res, 0, 0))
		show_line(stderr, "thule: the log was pruned: it is whole from op:%s on\n",
			PQgetvalue(res, 0, 0));
	PQclear(res);
	return ok;
}

/* Times that go back look like a mistake of the log. */
static bool tell_steps(PGconn *conn, const char *since, const char *until, struct error *err)
{
	const char *params[] = {since, until};
	PGresult *res = ask(conn, STMT_COMMAND_LOG_STEPS, 2, params, err);

	for (int i = 0; res && i < PQntuples(res); i++)
		show_line(stderr,
			"thule: the clock was set back just before op:%s: from %s to %s\n",
			PQgetvalue(res, i, 0), PQgetvalue(res, i, 1), PQgetvalue(res, i, 2));
	PQclear(res);
	return res != NULL;
}

static bool check_instants(PGconn *conn, const struct arguments *args, struct error *err)
{
	const char *params[] = {args->option[OPT_SINCE], args->option[OPT_UNTIL]};
	PGresult *res = ask(conn, STMT_COMMAND_INSTANTS, 2, params, err);

	PQclear(res);
	return res != NULL;
}

static bool print(
	PGconn *conn, const struct arguments *args, const struct target *t, struct error *err)
{
	bool by_path = *t->path || *t->typed_path;
	char *bytes = *t->path ? hex_bytea(t->path) : NULL;
	/* In the order of the statements' parameters, of which the last is for the door to say. */
	const char *params[12] = {args->option[OPT_SINCE], args->option[OPT_UNTIL],
		args->option[OPT_USER], args->option[OPT_PID], args->option[OPT_EXE],
		args->option[OPT_TAG], args->option[OPT_KIND], args->option[OPT_COUNT],
		args->option[OPT_JSON] ? "true" : "false"};
	const struct statement *s = &statements[by_path ? STMT_COMMAND_LOG_PATH : STMT_COMMAND_LOG];
	struct pager pager;
	long rows;
	bool ok;

	if (by_path) {
		params[9] = *t->typed_path ? t->typed_path : NULL;
		params[10] = bytes;
	}
	pager_begin(&pager);
	ok = print_query(
		conn, s->text, by_path ? 12 : 10, params, args->option[OPT_JSON], &rows, err);
	pager_end(&pager);
	if (ok && !args->option[OPT_COUNT])
		ok = tell_pruned(conn, args->option[OPT_SINCE], err);
	if (ok && !args->option[OPT_JSON])
		ok = tell_steps(conn, args->option[OPT_SINCE], args->option[OPT_UNTIL], err);
	if (ok && by_path && !args->option[OPT_JSON])
		ok = tell_others(conn, params, err);
	free(bytes);
	if (ok && rows == 0 && !args->option[OPT_JSON])
		show_line(stderr, "thule: the log has no such change%s\n",
			door_behind(conn) ? " of files of yours" : "");
	return ok;
}

static int run_follow(const struct arguments *args)
{
	const struct follow wanted = {.since = args->option[OPT_SINCE],
		.user = args->option[OPT_USER],
		.pid = args->option[OPT_PID],
		.exe = args->option[OPT_EXE],
		.tag = args->option[OPT_TAG],
		.kind = args->option[OPT_KIND],
		.json = args->option[OPT_JSON]};
	struct error err = {0};
	struct target t;
	bool ok = false;

	if (args->option[OPT_UNTIL] || args->option[OPT_COUNT])
		error_set(&err, ERR_USAGE,
			"--follow has no end: it goes with neither --until nor -n");
	else if (arguments_check_number("--pid", args->option[OPT_PID], &err) &&
		 target_find(args->operand[0], &t, &err))
		ok = follow(&t, &wanted, &err);
	return ok ? EXIT_DONE : command_fail(&err);
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	struct target t;
	PGconn *conn = NULL;
	bool ok;

	if (args->option[OPT_FOLLOW])
		return run_follow(args);
	if (arguments_check_number("-n", args->option[OPT_COUNT], &err) &&
		arguments_check_number("--pid", args->option[OPT_PID], &err) &&
		target_find_past(args->operand[0], &t, &err))
		conn = target_ask(&t, &err);
	if (!conn)
		return command_fail(&err);
	/* Where a path leads may be younger than the last batch; the door sees to it by itself. */
	if (*t.path && !door_behind(conn))
		ask_sync(conn, NULL);
	ok = check_instants(conn, args, &err) && print(conn, args, &t, &err);
	PQfinish(conn);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_log = {
	.name = "log",
	.operands = "[PATH] [SELECTORS] [-n N] [--json]",
	.summary = "who changed what, newest first",
	.help = "PATH is a file of a mount, or an absolute path from the root of the filesystem; "
		"then the\n"
		"log is that of the file, through all its renames; where several had the path, of "
		"the last,\n"
		"or with --until of the last before that. T is a time (2024-05-01 12:00), an age "
		"(10min,\n"
		"2 days), op:N or the name of a snapshot.\n"
		"With --follow, PATH also stands for all that is under it; to resume, give "
		"--since\n"
		"op:N, where N is one more than the last op that you have. On root's mount, users "
		"see what was\n"
		"done to their own files.",
	.options = options,
	.operands_max = 1,
	.run = run,
};
