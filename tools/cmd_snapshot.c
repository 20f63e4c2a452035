#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "base/show.h"
#include "command.h"
#include "print.h"
#include "target.h"

enum { OPT_AT, OPT_JSON };

static const struct command_option options[] = {
	[OPT_AT] = {0, "at", "T", "create: name this instant instead of now"},
	[OPT_JSON] = {0, "json", NULL, "list: print a JSON array"},
	{0},
};

static bool create(PGconn *conn, const struct arguments *args, struct error *err)
{
	char user[64];
	const char *params[] = {
		args->operand[1], ask_user(user, sizeof(user)), args->option[OPT_AT]};
	PGresult *res;

	if (!args->option[OPT_AT] && !ask_sync(conn, err))
		return false;
	res = ask(conn, STMT_COMMAND_SNAPSHOT_CREATE, 3, params, err);
	if (res)
		show_line(stdout, "%s is the state after op %s, %s\n", PQgetvalue(res, 0, 0),
			PQgetvalue(res, 0, 1), PQgetvalue(res, 0, 2));
	PQclear(res);
	return res != NULL;
}

static bool list(PGconn *conn, const struct arguments *args, struct error *err)
{
	return print_list(conn, STMT_COMMAND_SNAPSHOT_LIST, args->option[OPT_JSON],
		"there is no snapshot", err);
}

static bool delete (PGconn *conn, const struct arguments *args, struct error *err)
{
	const char *params[] = {args->operand[1]};
	PGresult *res = ask(conn, STMT_COMMAND_SNAPSHOT_DELETE, 1, params, err);

	PQclear(res);
	return res != NULL;
}

static const struct {
	const char *name;
	int operands;
	bool (*act)(PGconn *conn, const struct arguments *args, struct error *err);
} verbs[] = {{"create", 2, create}, {"list", 1, list}, {"delete", 2, delete}};

static int run(const struct arguments *args)
{
	struct error err = {0};
	struct target t;
	PGconn *conn = NULL;
	bool ok;
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(args->operand[0], verbs[i].name))
			break;
	if (i == sizeof(verbs) / sizeof(verbs[0]))
		error_set(&err, ERR_USAGE, "`thule snapshot %s` is none of create, list, delete",
			args->operand[0]);
	else if (args->operands != verbs[i].operands)
		error_set(&err, ERR_USAGE, "`thule snapshot %s` wants %s", verbs[i].name,
			verbs[i].operands > 1 ? "one name" : "no name");
	else if (target_find(NULL, &t, &err))
		conn = target_connect(&t, &err);
	if (!conn)
		return command_fail(&err);
	ok = verbs[i].act(conn, args, &err);
	PQfinish(conn);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_snapshot = {
	.name = "snapshot",
	.operands = "create NAME [--at T] | list [--json] | delete NAME",
	.summary = "names for instants, which prune keeps",
	.help = "A snapshot costs one row, however large the filesystem is. Its name can be typed "
		"wherever\n"
		"an instant can: `thule log --since before-upgrade`.",
	.options = options,
	.operands_min = 1,
	.operands_max = 2,
	.operands_text = 2,
	.run = run,
};
