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
#include "sync.h"
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
	OPT_QUIET,
};

static const struct command_option options[] = {
	[OPT_TAG] = {0, "tag", "G", "changes with this tag (thule run, thule undo)"},
	[OPT_PID] = {0, "pid", "P", "changes by this process"},
	[OPT_EXE] = {0, "exe", "E", "changes by this program, a path or its last part"},
	[OPT_USER] = {0, "user", "U", "changes by this user, a name or a uid"},
	[OPT_SINCE] = {0, "since", "T", "changes at or after this instant"},
	[OPT_UNTIL] = {0, "until", "T", "changes at or before this instant"},
	[OPT_DRY_RUN] = {0, "dry-run", NULL, "print what would change, and change nothing"},
	[OPT_YES] = {0, "yes", NULL, "do not ask, however many changes there are"},
	[OPT_FORCE] = {0, "force", NULL,
		"also undo changes that others have built on, change immutable and "
		"append-only files, and exceed quotas"},
	[OPT_JSON] = {0, "json", NULL, "print JSON"},
	[OPT_QUIET] = {'q', "quiet", NULL, PROGRESS_QUIET_HELP},
	{0},
};

/*
 * Checks the selectors. PATH limits and selects nothing, since the history of a file includes its
 * creation.
 */
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

/* Returns the selectors as JSON, to free(). */
static char *json_args(
	PGconn *conn, const struct arguments *args, const struct target *t, struct error *err)
{
	struct past_path path = past_path(t);
	const char *params[] = {args->option[OPT_TAG], args->option[OPT_PID], args->option[OPT_EXE],
		args->option[OPT_USER], args->option[OPT_SINCE], args->option[OPT_UNTIL], path.text,
		path.bytes, args->option[OPT_FORCE] ? "true" : "false"};
	PGresult *res = sync_ask(conn, STMT_COMMAND_UNDO_ARGS, 9, params, err);
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
	struct progress progress;
	bool ok;

	if (!selectors)
		return false;
	if (args->option[OPT_DRY_RUN]) {
		ok = request_print_plan(conn, STMT_COMMAND_UNDO_PLAN, selectors, json, err);
	} else {
		bool yes = args->option[OPT_YES] || confirm_request(conn, "undo", selectors, err);

		progress_begin(&progress, "undoing", args->option[OPT_QUIET]);
		result = yes ? request_run(conn, "undo", selectors, &progress, err) : NULL;
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
	.operands = "SELECTORS [PATH] [--dry-run] [--yes] [--force] [--json] [--quiet]",
	.summary = "reverse selected changes, and keep everybody else's work",
	.help = "At least one selector is needed, and a change must match all that are given.\n"
		"PATH limits the undo to changes at or below that path. Names, bytes, modes,\n"
		"owners and times go back to what they were before. A file that somebody else\n"
		"has changed since is left as it is, and is listed. Set-id bits and\n"
		"capabilities come back only with the owner and the bytes that had them.\n"
		"\n"
		"The undo happens at once, mounted or not, and can itself be undone by the\n"
		"tag that is printed. For more than 1000 changes it asks on a terminal, and\n"
		"needs --yes elsewhere. On root's mount, users undo changes to their own\n"
		"files, where they could make them themselves.\n"
		"\n" HELP_INSTANT,
	.options = options,
	.operands_max = 1,
	.run = run,
};
