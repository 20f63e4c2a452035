#include <stddef.h>

#include "arguments.h"
#include "base/show.h"
#include "command.h"
#include "pager.h"
#include "print.h"
#include "pruned.h"
#include "sync.h"
#include "target.h"

enum { OPT_SINCE, OPT_UNTIL, OPT_COUNT, OPT_JSON };

static const struct command_option options[] = {
	[OPT_SINCE] = {0, "since", "T", "what was written at or after this instant"},
	[OPT_UNTIL] = {0, "until", "T", "what was written at or before this instant"},
	[OPT_COUNT] = {'n', NULL, "N", "only the N that wrote most, as -N does", .digits = true},
	[OPT_JSON] = {0, "json", NULL, "print a JSON array, with sizes in bytes"},
	{0},
};

static const struct command_verb verbs[] = {{"user", "DIR", 0, 1}, {"exe", "DIR", 0, 1},
	{"tag", "DIR", 0, 1}, {"directory", "DIR", 0, 1}, {0}};

static bool show(PGconn *conn, const struct arguments *args, struct error *err)
{
	bool json = args->option[OPT_JSON];
	const char *params[] = {json ? "true" : "false", args->operand[0], args->option[OPT_SINCE],
		args->option[OPT_UNTIL], args->option[OPT_COUNT]};
	struct pager pager = {0};
	long rows;
	bool ok;

	if (!json)
		pager_begin(&pager);
	ok = print_query(conn, statements[STMT_COMMAND_USAGE].text, 5, params, json, &rows, err);
	pager_end(&pager);
	if (ok && !json && !rows)
		show_line(stderr, "thule: nothing was written\n");
	return ok;
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	struct target t;
	PGconn *conn = NULL;
	bool ok;

	if (arguments_check_number("-n", args->option[OPT_COUNT], &err) &&
		target_find_mount(args->operand[1], &t, &err))
		conn = target_connect(&t, &err);
	ok = conn && sync_database(conn, &err) &&
	     pruned_tell(conn, args->option[OPT_SINCE], &err) && show(conn, args, &err);
	PQfinish(conn);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_usage = {
	.name = "usage",
	.operands = "user|exe|tag|directory [DIR] [--since T] [--until T] [-n N] [--json]",
	.summary = "show who wrote how much, and what is left of it",
	.help = "By user, program, tag of `thule run`, or the directory that files are in, of the\n"
		"filesystem of DIR or of the current directory: how many changes, how many\n"
		"bytes were written, how many of these the files have now, how many only the\n"
		"past has, until it is pruned, and how many files were made and removed.\n"
		"\n"
		"What filled the disk last night:\n"
		"\n"
		"  thule usage exe --since yesterday --until today -n 5\n"
		"\n" HELP_INSTANT,
	.verbs = verbs,
	.options = options,
	.operands_min = 1,
	.operands_max = 2,
	.operands_text = 1,
	.run = run,
};
