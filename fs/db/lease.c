#include "db/lease.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/host.h"
#include "db/conn.h"

#define TAKE_LEASE                                                                                 \
	"select pg_catalog.pg_is_in_recovery(), case when not pg_catalog.pg_is_in_recovery()"      \
	" then thule_internal.lease_take() end"

/* Says who has the lease. */
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

/* Whether a mount of this host lives, which `thule mount` binds instead. */
static bool is_here(PGconn *conn, bool *here, struct error *err)
{
	struct host host;
	const char *params[] = {host.name, host.boot_id};
	PGresult *res = NULL;

	if (host_read(&host, err))
		res = db_query(conn,
			"select exists (select from thule.mount m where m.host = $1 and m.boot_id "
			"= $2 and m.id in (select thule_internal.mounts_live()))",
			2, params, err);
	if (res)
		*here = PQgetvalue(res, 0, 0)[0] == 't';
	PQclear(res);
	return res != NULL;
}

/* Asks for it, and waits; in a transaction, which is how it asks. */
static bool ask(PGconn *conn, bool *got, struct error *err)
{
	uint64_t moved;

	if (db_exec(conn,
		    "begin; set local synchronous_commit = on; set local lock_timeout = '60s'",
		    err) &&
		db_query_u64(conn,
			"select thule_internal.lease_move($1::bigint, interval '0', "
			"false)::integer",
			0, &moved, err) &&
		db_exec(conn, moved ? "commit" : "rollback", err)) {
		*got = moved;
		return true;
	}
	if (PQtransactionStatus(conn) > PQTRANS_ACTIVE)
		db_exec(conn, "rollback", NULL);
	return false;
}

bool lease_move(PGconn *conn, struct error *err)
{
	struct error why;
	bool here, got;

	if (lease_take(conn, &why))
		return true;
	if (why.class != ERR_LEASE) {
		*err = why;
		return false;
	}
	if (!is_here(conn, &here, err))
		return false;
	if (!here && !ask(conn, &got, err))
		return false;
	return (!here && got) || lease_refused(conn, err);
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
			"with holder as (select m.id, m.backend from thule.mount m"
			"   where m.ended_at is null and m.backend = (select thule.lease_holder()))"
			" select exists (select from holder h where h.id <> $1::bigint),"
			" (select bool_and(pg_terminate_backend(h.backend)) from holder h where "
			"h.id = $1::bigint),"
			" thule_internal.applied_op($1::bigint)",
			1, params, err);
	if (res) {
		*taken = PQgetvalue(res, 0, 0)[0] == 't';
		*last_op = strtoull(PQgetvalue(res, 0, 2), NULL, 10);
	}
	PQfinish(conn);
	PQclear(res);
	return res != NULL;
}
