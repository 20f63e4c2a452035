#include "confirm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "base/show.h"
#include "db/conn.h"
#include "door.h"
#include "sync.h"

bool confirm(const char *question, const char *reason, const char *refused, struct error *err)
{
	char answer[16];

	if (!isatty(STDIN_FILENO))
		return error_set(err, ERR_USAGE, "give --yes: %s", reason);
	show_line(stderr, "%s [yes/no] ", question);
	if (fgets(answer, sizeof(answer), stdin) && !strcmp(answer, "yes\n"))
		return true;
	return error_set(err, ERR_AUTH, "%s", refused);
}

/* Counting an undo makes tables, which the rollback removes. */
static bool count(
	PGconn *conn, const char *kind, const char *args, long long *many, struct error *err)
{
	const char *params[] = {kind, args, NULL};
	bool door = door_behind(conn);
	PGresult *res = NULL;

	if (!door && !db_exec(conn, "begin", err))
		return false;
	res = ask(conn, STMT_COMMAND_REQUEST_REACH, 3, params, err);
	if (res)
		*many = atoll(PQgetvalue(res, 0, 0));
	PQclear(res);
	return (door || db_exec(conn, "rollback", res ? err : NULL)) && res;
}

bool confirm_request(PGconn *conn, const char *kind, const char *args, struct error *err)
{
	char question[128], reason[128];
	bool files = !strcmp(kind, "restore");
	long long many = 0;

	/* Its last changes may not be committed yet. */
	if (!sync_database(conn, err) || !count(conn, kind, args, &many, err))
		return false;
	if (many <= CONFIRM_LIMIT)
		return true;
	snprintf(question, sizeof(question), "This takes back %s%lld %s. Do it?",
		files ? "changes of " : "", many, files ? "files" : "changes");
	snprintf(reason, sizeof(reason), "this would take back %s%lld %s; --dry-run shows them",
		files ? "changes of " : "", many, files ? "files" : "changes");
	return confirm(question, reason, "nothing was changed", err);
}
