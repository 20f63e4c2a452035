#include <stdio.h>
#include <string.h>

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
		error_set(err, ERR_NOT_FOUND, "%s is not set", args->operand[1]);
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

static const struct {
	const char *name, *wants;
	int operands;
	bool (*act)(PGconn *conn, const struct arguments *args, struct error *err);
} verbs[] = {
	{"set", "KEY VALUE", 3, set},
	{"get", "KEY", 2, get},
	{"list", "nothing else", 1, list},
	{"unset", "KEY", 2, unset},
};

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
		error_set(&err, ERR_USAGE, "`thule config %s` is none of set, get, list, unset",
			args->operand[0]);
	else if (args->operands != verbs[i].operands)
		error_set(&err, ERR_USAGE, "`thule config %s` wants %s", verbs[i].name,
			verbs[i].wants);
	else if (target_find(NULL, &t, &err))
		conn = target_connect(&t, &err);
	if (!conn)
		return command_fail(&err);
	ok = verbs[i].act(conn, args, &err);
	PQfinish(conn);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_config = {
	.name = "config",
	.operands = "set KEY VALUE | get KEY | list [--json] | unset KEY",
	.summary = "settings of the filesystem, the same for every mount of it",
	.help = "retention: how much history `thule prune` keeps by itself, such as 90d or 1 year.",
	.options = options,
	.operands_min = 1,
	.operands_max = 3,
	.operands_text = 3,
	.run = run,
};
