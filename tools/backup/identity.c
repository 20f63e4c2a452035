#include "backup/identity.h"

#include <stdio.h>

#include "ask.h"
#include "db/lease.h"

bool identity_change(PGconn *conn, const char *wanted, char uuid[static 40], struct error *err)
{
	const char *params[] = {wanted};
	PGresult *res;

	if (!lease_take(conn, err))
		return false;
	res = ask(conn, STMT_COMMAND_REBRAND, 1, params, err);
	if (res)
		snprintf(uuid, 40, "%s", PQgetvalue(res, 0, 0));
	PQclear(res);
	return res != NULL;
}
