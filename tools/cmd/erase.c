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
#include "sync.h"
#include "target.h"
#include "vacuum.h"

enum { OPT_YES, OPT_LIST, OPT_JSON, OPT_QUIET };

static const struct command_option options[] = {
	[OPT_YES] = {0, "yes", NULL, "do not ask"},
	[OPT_LIST] = {0, "list", NULL, "show the receipts"},
	[OPT_JSON] = {0, "json", NULL, "print the receipt, or with --list all of them, as JSON"},
	[OPT_QUIET] = {'q', "quiet", NULL, PROGRESS_QUIET_HELP},
	{0},
};

struct erase {
	PGconn *conn;
	const struct arguments *args;
	struct progress progress;
	const char *path, *bytes; /* one of the two, as SQL shows it or as bytea takes it */
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
	return confirm("Erase them, from all snapshots as well? This cannot be undone.",
		"an erased file cannot be brought back", "nothing was erased", err);
}

/*
 * Nothing of what was erased is to stay in a page. The receipt stands even if this fails.
 */
static void vacuum(PGconn *conn)
{
	static const char *const tables[] = {"thule.blob", "thule.extent_history", "thule.inode",
		"thule.inode_history", "thule.dirent", "thule.dirent_history", "thule.xattr",
		"thule.xattr_history", NULL};
	struct error err;

	if (!vacuum_tables(conn, tables, &err))
		show_line(stderr,
			"thule: erased, but a vacuum failed, and free pages may still have the "
			"bytes: %s\n",
			err.text);
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
	char *receipt = NULL;
	bool ok;

	progress_begin(&e->progress, "erasing", e->args->option[OPT_QUIET]);
	if (res)
		receipt = request_run(e->conn, "erase", PQgetvalue(res, 0, 0), &e->progress, err);
	ok = receipt && print_receipt(e, receipt, err);

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

	if (!sync_database(e->conn, err))
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
		error_set(&err, ERR_USAGE, "give the path of a file, or --list alone");
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
	.operands = "PATH [--yes] [--json] [--quiet] | --list [--json]",
	.summary = "destroy a file with all its versions, beyond recovery",
	.help = "Destroys the file at PATH under all its names, and the files that had this\n"
		"path earlier, now and in all snapshots. Bytes that other files share stay\n"
		"with those. A held file is refused, and an open file is gone at once. A\n"
		"receipt stays, and so does the log: it says that a file was erased, by whom,\n"
		"and its names.\n"
		"\n"
		"Copies survive where PostgreSQL and the kernel keep them: in the server's\n"
		"log (WAL) until it is recycled, in backups and replicas, in the memory of\n"
		"the journal until it is overwritten, and in free pages of the table, which\n"
		"erase vacuums, until they are used again. `vacuum full thule.blob`, while\n"
		"nothing is mounted, rewrites the table without them.",
	.options = options,
	.operands_max = 1,
	.run = run,
};
