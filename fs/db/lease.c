#include "db/lease.h"

#include <stdio.h>
#include <stdlib.h>

#include "db/conn.h"

#define TAKE_LEASE                                                                                 \
	"select pg_catalog.pg_is_in_recovery(), case when not pg_catalog.pg_is_in_recovery()"      \
	" then thule_internal.lease_take() end"

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

bool lease_take(PGconn *conn, struct error *err)
{
	PGresult *res = db_query(conn, TAKE_LEASE, 0, NULL, err);
	bool standby = res && PQgetvalue(res, 0, 0)[0] == 't';
	bool got = res && PQgetvalue(res, 0, 1)[0] == 't';

	/* Its locks are its own, and it would refuse each batch: a failover is not over yet. */
	if (standby)
		error_set(err, ERR_UNREACHABLE,
			"the server is a standby, which takes no changes: promote it, or connect "
			"to the primary (target_session_attrs=read-write)");
	else if (res && !got)
		lease_refused(conn, err);
	PQclear(res);
	return got;
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
			"     and m.backend = (select thule.lease_holder())),"
			" thule_internal.applied_op($1::bigint)"
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
