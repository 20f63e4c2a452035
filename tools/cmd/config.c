#include <stdio.h>

#include "ask.h"
#include "base/show.h"
#include "command.h"
#include "print.h"
#include "target.h"

enum { OPT_JSON };

static const struct command_option options[] = {
	[OPT_JSON] = {0, "json", NULL, "list: print a JSON array"},
	{0},
};

static bool set(PGconn *conn, const struct arguments *args, struct error *err)
{
	char user[64];
	const char *params[] = {args->operand[1], args->operand[2], ask_user(user, sizeof(user))};
	PGresult *res = ask(conn, STMT_COMMAND_CONFIG_SET, 3, params, err);

	PQclear(res);
	return res != NULL;
}

static bool get(PGconn *conn, const struct arguments *args, struct error *err)
{
	const char *params[] = {args->operand[1]};
	PGresult *res = ask(conn, STMT_COMMAND_CONFIG_GET, 1, params, err);
	bool found = res && PQntuples(res) == 1;

	if (found)
		show_line(stdout, "%s\n", PQgetvalue(res, 0, 0));
	else if (res)
		error_set(err, ERR_NOT_FOUND,
			"%s is not set: `thule config list` shows the settings", args->operand[1]);
	PQclear(res);
	return found;
}

static bool list(PGconn *conn, const struct arguments *args, struct error *err)
{
	return print_list(
		conn, STMT_COMMAND_CONFIG_LIST, args->option[OPT_JSON], "nothing is set", err);
}

static bool unset(PGconn *conn, const struct arguments *args, struct error *err)
{
	const char *params[] = {args->operand[1]};
	PGresult *res = ask(conn, STMT_COMMAND_CONFIG_UNSET, 1, params, err);

	PQclear(res);
	return res != NULL;
}

static const struct command_verb verbs[] = {{"set", "KEY VALUE", 2, 2}, {"get", "KEY", 1, 1},
	{"list", NULL, 0, 0}, {"unset", "KEY", 1, 1}, {0}};

static int run(const struct arguments *args)
{
	static bool (*const acts[])(PGconn *, const struct arguments *, struct error *) = {
		set, get, list, unset};
	struct error err = {0};
	PGconn *conn = target_connect_here(&err);
	bool ok = conn && acts[args->verb](conn, args, &err);

	PQfinish(conn);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_config = {
	.name = "config",
	.operands = "set KEY VALUE | get KEY | list [--json] | unset KEY",
	.summary = "set and show the settings that all mounts of the filesystem share",
	.help = "  retention  the history that `thule prune` keeps by default: 90d, 1 year",
	.verbs = verbs,
	.options = options,
	.operands_min = 1,
	.operands_max = 3,
	.operands_text = 3,
	.run = run,
};
