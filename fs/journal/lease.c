#include <stdio.h>
#include <stdlib.h>

#include "db/conn.h"
#include "db/pooler.h"
#include "journal/journal.h"

#define TAKE_LEASE "select thule.lease_take()"

/*
 * The commits of the drain need not wait for the disk unless someone asked for it. Each statement
 * is a set-based call by key, planned once, and a bad guess of the number of rows must not choose
 * another plan.
 */
static const char session[] =
	"set synchronous_commit = off; set plan_cache_mode = force_generic_plan; set jit = off;"
	"set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off;"
	"set enable_bitmapscan = off";

/*
 * A host that has gone in silence loses the lease after two minutes, where the kernel would take
 * two hours; but later than its daemon, if that still runs, has given up the session (db/conn.c).
 */
static const char patience[] = "set tcp_keepalives_idle = 60; set tcp_keepalives_interval = 10;"
			       "set tcp_keepalives_count = 6; set tcp_user_timeout = 120000";

static bool lease_refused(PGconn *conn, struct error *err)
{
	PGresult *res = db_query(conn,
		"select m.mountpoint, m.host, m.pid, m.mounted_at::timestamptz(0)"
		"  from thule.mount m where m.backend = (select thule.lease_holder()) and "
		"m.ended_at is null"
		" order by m.id desc limit 1",
		0, NULL, err);

	if (!res)
		return false;
	if (PQntuples(res) == 1)
		error_set(err, ERR_LEASE,
			"the filesystem is already mounted read-write at %s on host %s (pid %s, "
			"since %s): "
			"unmount it there first",
			PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 1), PQgetvalue(res, 0, 2),
			PQgetvalue(res, 0, 3));
	else
		error_set(err, ERR_LEASE,
			"another session holds the filesystem's lease: `select "
			"thule.lease_holder()` is its pid in pg_stat_activity");
	PQclear(res);
	return false;
}

static bool take_lease(PGconn *conn, struct error *err)
{
	PGresult *res = db_query(conn, TAKE_LEASE, 0, NULL, err);
	bool got = res && PQgetvalue(res, 0, 0)[0] == 't';

	if (res && !got)
		lease_refused(conn, err);
	PQclear(res);
	return got;
}

PGconn *drain_connect(const char *conninfo, bool history, struct error *err)
{
	PGconn *conn = db_connect(conninfo, "thulefs drain", err);

	if (!conn)
		return NULL;
	/* Statements that end a row and keep it look at the setting. */
	if (pooler_pass(conn, err) && take_lease(conn, err) && db_exec(conn, session, err) &&
		db_exec(conn, patience, err) &&
		(history || db_exec(conn, "set thule.history = off", err)) &&
		batch_prepare(conn, err))
		return conn;
	PQfinish(conn);
	return NULL;
}

bool lease_reclaim(
	const char *conninfo, uint64_t mount, bool *taken, uint64_t *last_op, struct error *err)
{
	char id[24];
	const char *params[] = {id};
	PGconn *conn = db_connect(conninfo, "thulefs lease", err);
	PGresult *res = NULL;

	snprintf(id, sizeof(id), "%llu", (unsigned long long)mount);
	if (conn)
		res = db_query(conn,
			"with newer as (select exists (select from thule.mount m"
			"   where m.id > $1::bigint and not m.read_only) as found)"
			" select n.found, (select bool_and(pg_terminate_backend(m.backend))"
			"   from thule.mount m where m.id = $1::bigint and not n.found"
			"     and m.backend = (select thule.lease_holder())), (select m.last_op "
			"from thule.mount m where m.id = "
			"$1::bigint)"
			" from newer n",
			1, params, err);
	if (res) {
		*taken = PQgetvalue(res, 0, 0)[0] == 't';
		*last_op = strtoull(PQgetvalue(res, 0, 2), NULL, 10);
	}
	PQfinish(conn);
	PQclear(res);
	return res != NULL;
}
