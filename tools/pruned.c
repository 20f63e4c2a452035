#include "pruned.h"

#include "ask.h"
#include "base/show.h"

bool pruned_tell(PGconn *conn, const char *since, struct error *err)
{
	PGresult *res = ask(conn, STMT_COMMAND_LOG_BEGINS, 1, &since, err);
	bool ok = res != NULL;

	if (ok && !PQgetisnull(res, 0, 0))
		show_line(stderr, "thule: the log was pruned: it is complete from op:%s on\n",
			PQgetvalue(res, 0, 0));
	PQclear(res);
	return ok;
}
