#include "patience.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/show.h"
#include "db/statement.h"

/* After so long somebody begins to wonder. */
#define WONDER_MS 2000

/* What the other connection may take, seconds: a server without a free one, or that stands still.
 */
#define LOOK_LIMIT "2"

/* Opens another connection to the same database, or returns NULL. */
static PGconn *connect_beside(PGconn *conn)
{
	PQconninfoOption *options = PQconninfo(conn);
	const char *keys[64], *values[64];
	PGconn *beside;
	int n = 0;

	for (PQconninfoOption *o = options; o && o->keyword && n < 60; o++)
		if (o->val && strcmp(o->keyword, "connect_timeout") != 0) {
			keys[n] = o->keyword;
			values[n++] = o->val;
		}
	keys[n] = "connect_timeout";
	values[n++] = LOOK_LIMIT;
	keys[n] = values[n] = NULL;
	beside = PQconnectdbParams(keys, values, 0);
	PQconninfoFree(options);
	if (PQstatus(beside) == CONNECTION_OK)
		return beside;
	PQfinish(beside);
	return NULL;
}

/* Says for whom the query waits. Returns false when it waits for nobody, as long as that is known.
 */
static bool say_why(PGconn *conn)
{
	PGconn *beside = connect_beside(conn);
	char pid[16];
	const char *params[] = {pid};
	PGresult *res;
	bool said;

	if (!beside)
		return true;
	snprintf(pid, sizeof(pid), "%d", PQbackendPID(conn));
	res = PQexecParams(
		beside, statements[STMT_COMMAND_BLOCKED].text, 1, NULL, params, NULL, NULL, 0);
	said = PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res) == 1;
	if (said)
		show_line(stderr, "thule: %s\n", PQgetvalue(res, 0, 0));
	PQclear(res);
	PQfinish(beside);
	return said;
}

/* Waits until the server has answered, and wonders aloud, once, ever less often. */
static void wait_for_answer(PGconn *conn)
{
	struct pollfd fd = {.fd = PQsocket(conn), .events = POLLIN};
	int ms = WONDER_MS, n;

	while (PQisBusy(conn)) {
		n = poll(&fd, 1, ms);
		if (n == 0)
			ms = say_why(conn) ? -1 : 2 * ms;
		else if ((n < 0 && errno != EINTR) || (n > 0 && !PQconsumeInput(conn)))
			break;
	}
}

PGresult *patience_exec(PGconn *conn, const char *sql, int nparams, const char *const *params)
{
	PGresult *res = NULL, *next;

	if (!PQsendQueryParams(conn, sql, nparams, NULL, params, NULL, NULL, 0))
		return PQmakeEmptyPGresult(conn, PGRES_FATAL_ERROR);
	wait_for_answer(conn);
	while ((next = PQgetResult(conn))) {
		PQclear(res);
		res = next;
	}
	return res;
}
