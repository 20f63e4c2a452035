#include <stdio.h>

#include "base/show.h"
#include "command.h"
#include "db/conn.h"
#include "print.h"
#include "progress.h"
#include "target.h"

enum { OPT_JSON, OPT_QUIET };

static const struct command_option options[] = {
	[OPT_JSON] = {0, "json", NULL, "print a JSON array of findings"},
	[OPT_QUIET] = {'q', "quiet", NULL, PROGRESS_QUIET_HELP},
	{0},
};

static int run(const struct arguments *args)
{
	bool json = args->option[OPT_JSON];
	const char *params[] = {json ? "true" : "false"};
	struct error err = {0};
	PGconn *conn = target_connect_here(&err);
	long found;
	struct progress progress;
	bool ok;

	progress_begin(&progress, "checking", args->option[OPT_QUIET]);
	if (conn)
		progress_listen(&progress, conn);
	ok = conn &&
	     print_query(conn, statements[STMT_COMMAND_FSCK].text, 1, params, json, &found, &err);
	progress_end(&progress);
	PQfinish(conn);
	if (!ok)
		return command_fail(&err);
	if (!json && found == 0)
		printf("sound: nothing found\n");
	else if (found)
		show_line(stderr, "thule: %ld finding%s\n", found, found == 1 ? "" : "s");
	return found ? EXIT_FAILED : EXIT_DONE;
}

const struct command command_fsck = {
	.name = "fsck",
	.operands = "[--json] [--quiet]",
	.summary = "check the filesystem for contradictions",
	.help = "Runs at any time, also while the filesystem is mounted and in use. Exits\n"
		"with 1 when it finds a contradiction.",
	.options = options,
	.pages = true,
	.run = run,
};
