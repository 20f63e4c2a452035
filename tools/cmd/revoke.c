#include "ask.h"
#include "command.h"
#include "target.h"

static int run(const struct arguments *args)
{
	struct error err = {0};
	const char *params[] = {args->operand[0]};
	PGconn *conn = target_connect_here(&err);
	PGresult *res = conn ? ask(conn, STMT_COMMAND_REVOKE, 1, params, &err) : NULL;
	bool ok = res;

	PQclear(res);
	PQfinish(conn);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_revoke = {
	.name = "revoke",
	.operands = "ROLE",
	.summary = "take from a role of the database what `thule grant` gave it",
	.help = "All privileges of the role on schema thule go. Sessions that it has open see\n"
		"nothing from the next statement on.",
	.operands_min = 1,
	.operands_max = 1,
	.operands_text = 1,
	.run = run,
};
