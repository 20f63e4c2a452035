#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "base/show.h"
#include "command.h"
#include "confirm.h"
#include "db/conn.h"
#include "pager.h"
#include "print.h"
#include "progress.h"
#include "request.h"
#include "target.h"

enum { OPT_REPAIR, OPT_DRY_RUN, OPT_YES, OPT_JSON, OPT_QUIET };

static const struct command_option options[] = {
	[OPT_REPAIR] = {0, "repair", NULL, "repair what can be repaired"},
	[OPT_DRY_RUN] = {0, "dry-run", NULL,
		"with --repair: print what would be done, and change nothing"},
	[OPT_YES] = {0, "yes", NULL, "with --repair: do not ask"},
	[OPT_JSON] = {0, "json", NULL,
		"print a JSON array of findings, or of a repair what it did and left"},
	[OPT_QUIET] = {'q', "quiet", NULL, PROGRESS_QUIET_HELP},
	{0},
};

static bool check_options(const struct arguments *args, struct error *err)
{
	if (!args->option[OPT_REPAIR] && (args->option[OPT_DRY_RUN] || args->option[OPT_YES]))
		return error_set(err, ERR_USAGE, "--%s is for --repair: give both",
			args->option[OPT_DRY_RUN] ? "dry-run" : "yes");
	if (args->option[OPT_DRY_RUN] && args->option[OPT_YES])
		return error_set(err, ERR_USAGE,
			"--dry-run changes nothing, --yes is for changes: give one of them");
	return true;
}

/* Runs all checks and prints what they find by `stmt`, paged on a terminal if `paged`. */
static bool find(PGconn *conn, const struct arguments *args, enum stmt stmt, bool json, bool paged,
	long *found, struct error *err)
{
	const char *params[] = {json ? "true" : "false", NULL};
	int count = stmt == STMT_COMMAND_FSCK_PLAN ? 2 : 1;
	struct progress progress;
	struct pager pager = {0};
	bool ok;

	if (paged)
		pager_begin(&pager);
	progress_begin(&progress, "checking", args->option[OPT_QUIET]);
	progress_listen(&progress, conn);
	ok = print_query(conn, statements[stmt].text, count, params, json, found, err);
	progress_listen(NULL, conn);
	progress_end(&progress);
	if (ok && !json && *found == 0)
		printf("sound: nothing found\n");
	pager_end(&pager);
	return ok;
}

static bool check(PGconn *conn, const struct arguments *args, long *found, struct error *err)
{
	enum stmt stmt = args->option[OPT_DRY_RUN] ? STMT_COMMAND_FSCK_PLAN : STMT_COMMAND_FSCK;
	bool json = args->option[OPT_JSON];

	if (!find(conn, args, stmt, json, !json, found, err))
		return false;
	if (*found)
		show_line(stderr, "thule: %ld finding%s\n", *found, *found == 1 ? "" : "s");
	return true;
}

/* Shows on a terminal what would be done, and asks. Sets *sound when there is nothing to do. */
static bool confirmed(PGconn *conn, const struct arguments *args, bool *sound, struct error *err)
{
	long found = 0;

	if (isatty(STDIN_FILENO)) {
		if (!find(conn, args, STMT_COMMAND_FSCK_PLAN, false, false, &found, err))
			return false;
		*sound = found == 0;
	}
	fflush(stdout);
	return *sound ||
	       confirm("Repair them? Changes by ops can be undone, those of rows in place "
		       "cannot.",
		       "a repair in place cannot be undone; --dry-run shows what would be done",
		       "nothing was changed", err);
}

/* Prints the answer to a request. Sets *left to the number of findings that stay. */
static bool print_answer(PGconn *conn, const char *answer, bool json, long *left, struct error *err)
{
	const char *params[] = {answer}, *plan[] = {"false", NULL};
	PGresult *res = ask(conn, STMT_COMMAND_FSCK_RESULT, 1, params, err);
	long rows;
	bool ok = res != NULL;

	if (!res)
		return false;
	*left = atol(PQgetvalue(res, 0, 1));
	if (json) {
		print_json_line(answer);
	} else {
		show_line(stdout, "%s\n", PQgetvalue(res, 0, 0));
		plan[1] = PQgetvalue(res, 0, 2);
		if (*left)
			printf("\nleft as it is:\n");
		ok = !*left || print_query(conn, statements[STMT_COMMAND_FSCK_PLAN].text, 2, plan,
				       false, &rows, err);
	}
	PQclear(res);
	return ok;
}

static bool repair(PGconn *conn, const struct arguments *args, long *left, struct error *err)
{
	bool sound = false, ok;
	struct progress progress;
	char *answer;

	if (!args->option[OPT_YES] && !confirmed(conn, args, &sound, err))
		return false;
	if (sound)
		return true;
	progress_begin(&progress, "repairing", args->option[OPT_QUIET]);
	answer = request_run(conn, "fsck", "{}", &progress, err);
	ok = answer && print_answer(conn, answer, args->option[OPT_JSON], left, err);
	free(answer);
	return ok;
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	PGconn *conn = check_options(args, &err) ? target_connect_here(&err) : NULL;
	long left = 0;
	bool ok;

	if (!conn)
		return command_fail(&err);
	if (args->option[OPT_REPAIR] && !args->option[OPT_DRY_RUN])
		ok = repair(conn, args, &left, &err);
	else
		ok = check(conn, args, &left, &err);
	PQfinish(conn);
	if (!ok)
		return command_fail(&err);
	return left ? EXIT_FAILED : EXIT_DONE;
}

const struct command command_fsck = {
	.name = "fsck",
	.operands = "[--repair [--dry-run] [--yes]] [--json] [--quiet]",
	.summary = "check the filesystem for contradictions, and repair them",
	.help = "Runs at any time, also while the filesystem is mounted and in use, and names\n"
		"for each finding the op that wrote the row, and who did that. Exits with 1\n"
		"when it finds a contradiction.\n"
		"\n"
		"--repair mends all that can be mended at once, mounted or not; changes by\n"
		"others wait meanwhile. What has no place any more is moved to /lost+found,\n"
		"under its inode number. What the tree can show is changed by ops with a tag,\n"
		"which `thule undo` takes back; rows that nothing may refer to are mended in\n"
		"place. Lost bytes, the log, and impossible versions of the past are left, with\n"
		"the reason, and it exits with 1.",
	.options = options,
	.run = run,
};
