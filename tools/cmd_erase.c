#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "base/show.h"
#include "command.h"
#include "confirm.h"
#include "db/conn.h"
#include "hex.h"
#include "print.h"
#include "request.h"
#include "target.h"

enum { OPT_YES, OPT_LIST, OPT_JSON };

static const struct command_option options[] = {
	[OPT_YES] = {0, "yes", NULL, "do not ask"},
	[OPT_LIST] = {0, "list", NULL, "show the receipts"},
	[OPT_JSON] = {0, "json", NULL, "print the receipt, or with --list all of them, as JSON"},
	{0},
};

struct erase {
	PGconn *conn;
	const struct arguments *args;
	const char *path, *bytes; /* one of them: as SQL shows it, or as bytea reads it */
};

static bool confirmed(const PGresult *preview, struct error *err)
{
	const char *names = PQgetvalue(preview, 0, 3), *end;

	if (isatty(STDIN_FILENO))
		show_line(stderr, "%s: %s file(s) with %s versions, and these names: %s\n",
			PQgetvalue(preview, 0, 0), PQgetvalue(preview, 0, 1),
			PQgetvalue(preview, 0, 2), *names ? "" : "(none left)");
	for (; isatty(STDIN_FILENO) && *names; names = *end ? end + 1 : end) {
		end = strchrnul(names, '\n');
		show_line(stderr, "%.*s\n", (int)(end - names), names);
	}
	return confirm("Erase them, in all snapshots, too? Nothing brings them back.",
		"what is erased cannot be brought back", "nothing was erased", err);
}

/* Pages keep what was deleted until they are vacuumed. The receipt stands also where this fails. */
static void vacuum(PGconn *conn)
{
	static const char *const commands[] = {"vacuum thule.blob", "vacuum thule.extent_history",
		"vacuum thule.inode", "vacuum thule.inode_history", "vacuum thule.dirent",
		"vacuum thule.dirent_history", "vacuum thule.xattr", "vacuum thule.xattr_history"};
	struct error err;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (db_exec(conn, commands[i], &err))
			continue;
		show_line(stderr, "thule: the room was not cleared: %s\n", err.text);
		return;
	}
}

static bool print_receipt(struct erase *e, const char *receipt, struct error *err)
{
	const char *params[] = {receipt};
	PGresult *res;

	if (e->args->option[OPT_JSON]) {
		print_json_line(receipt);
		return true;
	}
	res = ask(e->conn, STMT_COMMAND_ERASE_RECEIPT, 1, params, err);
	if (res) {
		show_line(stdout, "%s\n", PQgetvalue(res, 0, 0));
		if (!PQgetisnull(res, 0, 1))
			show_line(stdout, "%s\n", PQgetvalue(res, 0, 1));
	}
	PQclear(res);
	return res != NULL;
}

static bool request(struct erase *e, struct error *err)
{
	char user[64];
	const char *params[] = {e->path, e->bytes, ask_user(user, sizeof(user))};
	PGresult *res = ask(e->conn, STMT_COMMAND_ERASE_ARGS, 3, params, err);
	char *receipt = res ? request_run(e->conn, "erase", PQgetvalue(res, 0, 0), err) : NULL;
	bool ok = receipt && print_receipt(e, receipt, err);

	if (receipt)
		vacuum(e->conn);
	free(receipt);
	PQclear(res);
	return ok;
}

static bool erase(struct erase *e, struct error *err)
{
	const char *params[] = {e->path, e->bytes};
	PGresult *preview;
	bool ok;

	if (!ask_sync(e->conn, err))
		return false;
	preview = ask(e->conn, STMT_COMMAND_ERASE_PREVIEW, 2, params, err);
	ok = preview && (e->args->option[OPT_YES] || confirmed(preview, err)) && request(e, err);
	PQclear(preview);
	return ok;
}

static bool list(PGconn *conn, bool json, struct error *err)
{
	return print_list(conn, STMT_COMMAND_ERASE_RECEIPTS, json, "nothing was erased yet", err);
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	struct target t;
	struct erase e = {.args = args};
	char *bytes = NULL;
	bool ok;

	if (args->operands != (args->option[OPT_LIST] ? 0 : 1))
		error_set(&err, ERR_USAGE, "give the path of a file, or --list and nothing else");
	else if (target_find(args->operand[0], &t, &err))
		e.conn = target_connect(&t, &err);
	if (!e.conn)
		return command_fail(&err);
	e.path = *t.typed_path ? t.typed_path : NULL;
	e.bytes = bytes = *t.path ? hex_bytea(t.path) : NULL;
	ok = args->option[OPT_LIST] ? list(e.conn, args->option[OPT_JSON], &err) : erase(&e, &err);
	free(bytes);
	PQfinish(e.conn);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_erase = {
	.name = "erase",
	.operands = "PATH [--yes] [--json] | --list [--json]",
	.summary = "remove a file with every version of it, beyond recovery",
	.help = "Takes the file that has the path, with all its names, and those that had it and "
		"are gone,\n"
		"now and in all snapshots; bytes that other files have, too, stay with these. What "
		"is held\n"
		"is refused; what is open is gone at once. A receipt is left, and the log stays: "
		"it "
		"says that\n"
		"and by whom, and the names. Copies outlive it where PostgreSQL and the kernel "
		"keep them: in the "
		"server's log\n"
		"(WAL) until it is recycled, in backups and replicas, in the journal's memory "
		"until it is\n"
		"overwritten, and as free room in pages of the table, which was vacuumed, until "
		"that is\n"
		"used again: `vacuum full thule.blob` (unmounted) makes the table anew without it.",
	.options = options,
	.operands_max = 1,
	.run = run,
};
