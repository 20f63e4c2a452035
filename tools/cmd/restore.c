#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "command.h"
#include "confirm.h"
#include "past.h"
#include "print.h"
#include "request.h"
#include "sync.h"
#include "target.h"

enum { OPT_AT, OPT_TO, OPT_DRY_RUN, OPT_YES, OPT_FORCE, OPT_JSON, OPT_QUIET };

static const struct command_option options[] = {
	[OPT_AT] = {0, "at", "T", "go back to this instant"},
	[OPT_TO] = {0, "to", "NEW", "make a copy at this path, which must not exist",
		.is_path = true},
	[OPT_DRY_RUN] = {0, "dry-run", NULL, "print what would change, and change nothing"},
	[OPT_YES] = {0, "yes", NULL, "do not ask, however many files change"},
	[OPT_FORCE] = {0, "force", NULL,
		"also change immutable and append-only files, and exceed quotas"},
	[OPT_JSON] = {0, "json", NULL, "print JSON"},
	[OPT_QUIET] = {'q', "quiet", NULL, PROGRESS_QUIET_HELP},
	{0},
};

static bool find(const struct arguments *args, struct target *from, struct target *to,
	const char **at, struct error *err)
{
	const char *new = args->option[OPT_TO];

	if (!target_find_past(args->operand[0], from, err) ||
		!target_instant(from, args->option[OPT_AT], at, err))
		return false;
	if (!*at)
		return error_set(err, ERR_USAGE, "give the instant to go back to with --at");
	memset(to, 0, sizeof(*to));
	if (!new)
		return true;
	if (!target_find(new, to, err))
		return false;
	if (strcmp(from->conninfo, to->conninfo))
		return error_set(err, ERR_USAGE,
			"%s is not in the same filesystem: a copy shares its bytes with the "
			"past",
			new);
	return true;
}

/* Returns the arguments of the request as JSON, to free(). */
static char *json_args(PGconn *conn, const struct arguments *args, const struct target *from,
	const struct target *to, const char *at, struct error *err)
{
	struct past_path path = past_path(from), new = past_path(to);
	struct past_start s;
	PGresult *res;
	char *json;

	past_start(from, &s);
	res = sync_ask(conn, STMT_COMMAND_RESTORE_ARGS, 10,
		(const char *[]){path.text, path.bytes, at, new.text, new.bytes,
			args->option[OPT_FORCE] ? "true" : "false", s.values[PAST_START],
			s.values[PAST_REST], s.values[PAST_TOP], s.values[PAST_HOME]},
		err);
	json = res ? strdup(PQgetvalue(res, 0, 0)) : NULL;
	PQclear(res);
	past_start_release(&s);
	free(path.bytes);
	free(new.bytes);
	return json;
}

static bool restore(PGconn *conn, const struct arguments *args, const char *what, struct error *err)
{
	bool json = args->option[OPT_JSON], ok;
	struct progress progress;
	char *result;

	if (args->option[OPT_DRY_RUN])
		return request_print_plan(conn, STMT_COMMAND_RESTORE_PLAN, what, json, err);
	if (!args->option[OPT_YES] && !confirm_request(conn, "restore", what, err))
		return false;
	progress_begin(&progress, "restoring", args->option[OPT_QUIET]);
	result = request_run(conn, "restore", what, &progress, err);
	ok = result && request_print(conn, result, json, err);
	free(result);
	return ok;
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	struct target from, to;
	PGconn *conn = NULL;
	const char *at;
	char *what = NULL;
	bool ok;

	if (find(args, &from, &to, &at, &err))
		conn = target_connect(&from, &err);
	if (!conn)
		return command_fail(&err);
	what = json_args(conn, args, &from, &to, at, &err);
	ok = what && restore(conn, args, what, &err);
	free(what);
	PQfinish(conn);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_restore = {
	.name = "restore",
	.operands = "PATH --at T [--to NEW] [--dry-run] [--yes] [--force] [--json] [--quiet]",
	.summary = "bring a file or directory back to an earlier state",
	.help = "PATH becomes what it was at T, with everything below it; files that were\n"
		"made there since are removed. With --to, PATH stays as it is, and a copy of\n"
		"its state at T is made, which shares its bytes with the past.\n"
		"\n"
		"The change happens at once, mounted or not, and can be undone by the tag\n"
		"that is printed. When more than 1000 files were changed since, restore asks\n"
		"on a terminal, and needs --yes elsewhere. Set-id bits and capabilities come\n"
		"back when root asks; other users get back only the set-id bits of their own\n"
		"files.\n"
		"\n" HELP_INSTANT,
	.options = options,
	.operands_min = 1,
	.operands_max = 1,
	.run = run,
};
