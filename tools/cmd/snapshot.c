#include <stdio.h>

#include "ask.h"
#include "base/show.h"
#include "command.h"
#include "db/conn.h"
#include "print.h"
#include "sync.h"
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

	if (!args->option[OPT_AT] && !sync_database(conn, err))
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

/* Deletes all of them, or none when one cannot be deleted. */
static bool delete (PGconn *conn, const struct arguments *args, struct error *err)
{
	bool ok = db_exec(conn, "begin", err);

	for (int i = 1; ok && i < args->operands; i++) {
		const char *params[] = {args->operand[i]};
		PGresult *res = ask(conn, STMT_COMMAND_SNAPSHOT_DELETE, 1, params, err);
		ok = res != NULL;
		PQclear(res);
	}
	return ok && db_exec(conn, "commit", err);
}

static bool rename_one(PGconn *conn, const struct arguments *args, struct error *err)
{
	const char *params[] = {args->operand[1], args->operand[2]};
	PGresult *res = ask(conn, STMT_COMMAND_SNAPSHOT_RENAME, 2, params, err);

	PQclear(res);
	return res != NULL;
}

/* So many names can be deleted at once. */
#define NAMES_MAX 10000

static const struct command_verb verbs[] = {{"create", "NAME", 1, 1}, {"list", NULL, 0, 0},
	{"delete", "NAME...", 1, NAMES_MAX}, {"rename", "NAME NEW", 2, 2}, {0}};

static int run(const struct arguments *args)
{
	static bool (*const acts[])(PGconn *, const struct arguments *, struct error *) = {
		create, list, delete, rename_one};
	struct error err = {0};
	PGconn *conn = target_connect_here(&err);
	bool ok = conn && acts[args->verb](conn, args, &err);

	PQfinish(conn);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_snapshot = {
	.name = "snapshot",
	.operands = "create NAME [--at T] | list [--json] | delete NAME... | rename NAME NEW",
	.summary = "name instants, so that prune keeps them",
	.help = "A snapshot costs one row, however large the filesystem is. Its name stands\n"
		"wherever an instant can: `thule log --since before-upgrade`. Of several names\n"
		"all are deleted, or none.",
	.verbs = verbs,
	.options = options,
	.operands_min = 1,
	.operands_max = NAMES_MAX + 1,
	.operands_text = NAMES_MAX + 1,
	.run = run,
};
