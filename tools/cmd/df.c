#include "command.h"
#include "pager.h"
#include "print.h"
#include "sync.h"
#include "target.h"

enum { OPT_KEEP, OPT_SNAPSHOTS, OPT_JSON };

static const struct command_option options[] = {
	[OPT_KEEP] = {0, "keep", "AGE", "say also what `thule prune --keep AGE` would free"},
	[OPT_SNAPSHOTS] = {0, "snapshots", NULL, "show what each snapshot alone keeps"},
	[OPT_JSON] = {0, "json", NULL, "print a JSON array, with sizes in bytes"},
	{0},
};

static bool show(PGconn *conn, const struct arguments *args, struct error *err)
{
	bool json = args->option[OPT_JSON];
	const char *params[] = {json ? "true" : "false", args->option[OPT_KEEP]};
	struct pager pager = {0};
	long rows;
	bool ok;

	if (args->option[OPT_SNAPSHOTS])
		return print_list(
			conn, STMT_COMMAND_DF_SNAPSHOTS, json, "there is no snapshot", err);
	if (!json)
		pager_begin(&pager);
	ok = print_query(conn, statements[STMT_COMMAND_DF].text, 2, params, json, &rows, err);
	pager_end(&pager);
	return ok;
}

static bool check(const struct arguments *args, struct error *err)
{
	return !args->option[OPT_SNAPSHOTS] || !args->option[OPT_KEEP] ||
	       error_set(err, ERR_USAGE,
		       "--keep is about a prune and --snapshots about what a prune leaves: give "
		       "only one");
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	struct target t;
	PGconn *conn = check(args, &err) && target_find_mount(args->operand[0], &t, &err)
			       ? target_connect(&t, &err)
			       : NULL;
	bool ok = conn && sync_database(conn, &err) && show(conn, args, &err);

	PQfinish(conn);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_df = {
	.name = "df",
	.operands = "[DIR] [--keep AGE | --snapshots] [--json]",
	.summary = "show what the present, the past, snapshots and the log take",
	.help = "Of the filesystem of DIR, or of the current directory. Bytes of files are as\n"
		"many as were written; stored are the same as the server keeps them,\n"
		"compressed; tables are the rows about them, with their indexes.\n"
		"\n"
		"What the present shares with the past counts for the present. `snapshots`\n"
		"are bytes of the past that a snapshot keeps, `history` the rest of the past,\n"
		"which `thule prune` deletes as it ages, but for files that are held. `other`\n"
		"has the room that pruned bytes left, too, which the database uses again.\n"
		"\n"
		"df(1) shows how full the server's disk is, and du(1) what files take.",
	.options = options,
	.operands_max = 1,
	.run = run,
};
