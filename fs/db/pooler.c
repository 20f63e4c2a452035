#include "db/pooler.h"

#include <stdlib.h>
#include <string.h>

#include "db/conn.h"

/*
 * Rounds of asking, since a pooler that many others use may by chance give the same session twice.
 */
#define ROUNDS 5

/* Returns the process in the server that answers now; 0 with *err set. */
static int backend(PGconn *conn, struct error *err)
{
	PGresult *res = db_query(conn, "select pg_catalog.pg_backend_pid()", 0, NULL, err);
	int pid = res ? atoi(PQgetvalue(res, 0, 0)) : 0;

	PQclear(res);
	return pid;
}

static bool refuse(struct error *err)
{
	return error_set(err, ERR_USAGE,
		"there is a connection pooler before the server that lends a session out for a "
		"transaction or a statement at a time, and a mount needs one for itself: connect "
		"to the "
		"server directly, or give this database pool_mode=session in the pooler");
}

/*
 * Checks that conn keeps its session. A client that was served last is served by the same session
 * again, so one client alone sees nothing change. A second one holds a session in a transaction
 * meanwhile: if that is ours, or ours changes, then it was never ours. Asking twice before makes a
 * pooler that goes around all sessions go on by an odd number of steps.
 */
static bool same_session(PGconn *conn, PGconn *other, struct error *err)
{
	int first = backend(conn, err), second = first ? backend(conn, err) : 0, held, third;

	if (!second)
		return false;
	if (first != second)
		return refuse(err);
	/* A pooler that lends for a statement takes no transactions. */
	if (!db_exec(other, "begin", NULL))
		return refuse(err);
	held = backend(other, err);
	if (!held)
		return false;
	if (held == first)
		return refuse(err);
	third = backend(conn, err);
	if (third && third != first)
		return refuse(err);
	return third && db_exec(other, "commit", err);
}

/* Connects a second time to what `conn` is connected to, by the same options. */
static PGconn *connect_beside(PGconn *conn, struct error *err)
{
	PQconninfoOption *options = PQconninfo(conn);
	const char *keys[64], *values[64];
	PGconn *other;
	size_t n = 0;

	for (PQconninfoOption *o = options; o && o->keyword && n < 63; o++) {
		if (!o->val)
			continue;
		keys[n] = o->keyword;
		values[n++] = o->val;
	}
	keys[n] = values[n] = NULL;
	other = PQconnectdbParams(keys, values, 0);
	PQconninfoFree(options);
	if (PQstatus(other) == CONNECTION_OK)
		return other;
	db_error(other, NULL, "cannot connect to the database a second time", err);
	PQfinish(other);
	return NULL;
}

bool pooler_pass(PGconn *conn, struct error *err)
{
	int pid = backend(conn, err);
	PGconn *other;
	bool ok = true;

	/* A server says at the beginning which of its processes answers. Poolers have a key of
	 * their own for cancelling in that place. */
	if (!pid || pid == PQbackendPID(conn))
		return pid != 0;
	other = connect_beside(conn, err);
	for (int i = 0; ok && i < ROUNDS; i++)
		ok = other && same_session(conn, other, err);
	PQfinish(other);
	return ok;
}
