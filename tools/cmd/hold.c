#include <stdio.h>
#include <stdlib.h>

#include "ask.h"
#include "command.h"
#include "hex.h"
#include "print.h"
#include "sync.h"
#include "target.h"

enum { OPT_LIST, OPT_RELEASE, OPT_REASON, OPT_JSON };

static const struct command_option options[] = {
	[OPT_LIST] = {0, "list", NULL, "show the held files"},
	[OPT_RELEASE] = {0, "release", NULL, "release PATH"},
	[OPT_REASON] = {0, "reason", "TEXT", "a note for readers of the list",
		.may_be_empty = true},
	[OPT_JSON] = {0, "json", NULL, "with --list, print a JSON array"},
	{0},
};

static bool list(PGconn *conn, bool json, struct error *err)
{
	return print_list(conn, STMT_COMMAND_HOLD_LIST, json, "nothing is held", err);
}

static bool change(
	PGconn *conn, const struct target *t, const struct arguments *args, struct error *err)
{
	bool release = args->option[OPT_RELEASE];
	char user[64], *bytes = *t->path ? hex_bytea(t->path) : NULL;
	const char *params[] = {*t->typed_path ? t->typed_path : NULL, bytes,
		ask_user(user, sizeof(user)), args->option[OPT_REASON]};
	PGresult *res = NULL;

	/* The file may be younger than the last batch. */
	if (sync_database(conn, err))
		res = ask(conn, release ? STMT_COMMAND_HOLD_RELEASE : STMT_COMMAND_HOLD_ADD,
			release ? 2 : 4, params, err);
	PQclear(res);
	free(bytes);
	return res != NULL;
}

static bool check(const struct arguments *args, struct error *err)
{
	if (args->option[OPT_LIST] && (args->operands || args->option[OPT_RELEASE]))
		return error_set(err, ERR_USAGE,
			"--list shows all held files: leave out PATH and --release");
	if (!args->option[OPT_LIST] && !args->operands)
		return error_set(
			err, ERR_USAGE, "give the path of the file to hold or release, or --list");
	return true;
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	struct target t;
	PGconn *conn = NULL;
	bool ok;

	if (check(args, &err) && target_find(args->operand[0], &t, &err))
		conn = target_connect(&t, &err);
	if (!conn)
		return command_fail(&err);
	ok = args->option[OPT_LIST] ? list(conn, args->option[OPT_JSON], &err)
				    : change(conn, &t, args, &err);
	PQfinish(conn);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_hold = {
	.name = "hold",
	.operands = "PATH [--reason TEXT] | --release PATH | --list [--json]",
	.summary = "keep the past of a file from prune and erase",
	.help = "A held file keeps all its versions, and so does everything that is or ever\n"
		"was in a held directory. It stays held when it is renamed or removed. In\n"
		"SQL, thule.read_at_op(ino, op, offset, length) reads its versions, also\n"
		"those that were pruned around it.",
	.options = options,
	.operands_max = 1,
	.run = run,
};
