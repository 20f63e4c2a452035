#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "ask.h"
#include "command.h"
#include "confirm.h"
#include "past.h"
#include "print.h"
#include "request.h"
#include "target.h"

enum {
	OPT_TAG,
	OPT_PID,
	OPT_EXE,
	OPT_USER,
	OPT_SINCE,
	OPT_UNTIL,
	OPT_DRY_RUN,
	OPT_YES,
	OPT_FORCE,
	OPT_JSON,
};

static const struct command_option options[] = {
	[OPT_TAG] = {0, "tag", "G", "what was done with this tag (thule run, thule undo)"},
	[OPT_PID] = {0, "pid", "P", "what this process did"},
	[OPT_EXE] = {0, "exe", "E", "what this program did, a path or its last part"},
	[OPT_USER] = {0, "user", "U", "what this user did, a name or a uid"},
	[OPT_SINCE] = {0, "since", "T", "what was done at or after this instant"},
	[OPT_UNTIL] = {0, "until", "T", "what was done at or before this instant"},
	[OPT_DRY_RUN] = {0, "dry-run", NULL, "say what would happen, and do nothing"},
	[OPT_YES] = {0, "yes", NULL, "do not ask, however many changes they are"},
	[OPT_FORCE] = {0, "force", NULL,
		"also later changes of others that stand on it, what is "
		"immutable or append-only, and past quotas"},
	[OPT_JSON] = {0, "json", NULL, "print JSON"},
	{0},
};

/* PATH limits, and selects nothing: all that ever happened to a file includes that it was made. */
static bool check(const struct arguments *args, struct error *err)
{
	bool selected = false;

	for (int i = OPT_TAG; i <= OPT_UNTIL; i++)
		selected = selected || args->option[i];
	if (!selected)
		return error_set(err, ERR_USAGE,
			"nothing selects what to undo: give --tag, --pid, --exe, --user, --since "
			"or --until%s",
			args->operands ? "; all that ever happened to PATH includes its creation. "
					 "`thule restore PATH --at T` makes it what it was"
				       : "");
	return arguments_check_number("--pid", args->option[OPT_PID], err);
}

/* The selectors as JSON; free() it. */
static char *json_args(
	PGconn *conn, const struct arguments *args, const struct target *t, struct error *err)
{
	struct past_path path = past_path(t);
	const char *params[] = {args->option[OPT_TAG], args->option[OPT_PID], args->option[OPT_EXE],
		args->option[OPT_USER], args->option[OPT_SINCE], args->option[OPT_UNTIL], path.text,
		path.bytes, args->option[OPT_FORCE] ? "true" : "false"};
	PGresult *res = ask_again(conn, STMT_COMMAND_UNDO_ARGS, 9, params, err);
	char *json = res ? strdup(PQgetvalue(res, 0, 0)) : NULL;

	PQclear(res);
	free(path.bytes);
	return json;
}

static bool undo(
	PGconn *conn, const struct arguments *args, const struct target *t, struct error *err)
{
	bool json = args->option[OPT_JSON];
	char *selectors = json_args(conn, args, t, err), *result;
	bool ok;

	if (!selectors)
		return false;
	if (args->option[OPT_DRY_RUN]) {
		ok = request_print_plan(conn, STMT_COMMAND_UNDO_PLAN, selectors, json, err);
	} else {
		result = args->option[OPT_YES] || confirm_request(conn, "undo", selectors, err)
				 ? request_run(conn, "undo", selectors, err)
				 : NULL;
		ok = result && request_print(conn, result, json, err);
		free(result);
	}
	free(selectors);
	return ok;
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	struct target t;
	PGconn *conn = NULL;
	bool ok;

	if (check(args, &err) && target_find_past(args->operand[0], &t, &err))
		conn = target_ask(&t, &err);
	if (!conn)
		return command_fail(&err);
	ok = undo(conn, args, &t, &err);
	PQfinish(conn);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_undo = {
	.name = "undo",
	.operands = "SELECTORS [PATH] [--dry-run] [--yes] [--force] [--json]",
	.summary = "reverse what was done, and keep everybody else's work",
	.help = "At least one selector is wanted, and all that are given must match; PATH limits "
		"it to what was\n"
		"done at or below that path. Names, bytes, modes, owners and times go back to what "
		"they were\n"
		"before. What someone else has changed since stays as it is, and is listed. Set-id "
		"bits and\n"
		"capabilities come back only with the owner and the bytes that had them. It "
		"happens at once,\n"
		"mounted or not, and can be undone by the tag that it prints. To undo more than "
		"1000 changes\n"
		"is asked about on a terminal, and wants --yes elsewhere. T is a time (2024-05-01 "
		"12:00), an age\n"
		"(10min, 2 days), a snapshot or op:N. On root's mount, users undo what was done to "
		"their own\n"
		"files, where they could change that themselves.",
	.options = options,
	.operands_max = 1,
	.run = run,
};
