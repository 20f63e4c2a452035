#include <stdio.h>

#include "base/show.h"
#include "command.h"
#include "db/conn.h"
#include "print.h"
#include "target.h"

enum { OPT_JSON };

static const struct command_option options[] = {
	[OPT_JSON] = {0, "json", NULL, "print a JSON array of findings"},
	{0},
};

static int run(const struct arguments *args)
{
	bool json = args->option[OPT_JSON];
	const char *params[] = {json ? "true" : "false"};
	struct error err = {0};
	struct target t;
	PGconn *conn = NULL;
	long found;
	bool ok;

	if (target_find(NULL, &t, &err))
		conn = target_connect(&t, &err);
	if (!conn)
		return command_fail(&err);
	ok = print_query(conn, statements[STMT_COMMAND_FSCK].text, 1, params, json, &found, &err);
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
	.operands = "[--json]",
	.summary = "check that the filesystem does not contradict itself",
	.help = "Can be run at any time, also while it is mounted and in use. Exits 1 when it "
		"finds\n"
		"something.",
	.options = options,
	.run = run,
};
