#include "mount/registration.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "db/conn.h"

bool registration_begin(PGconn *conn, const struct origin *o, const struct host *host,
	uint64_t *mount, struct error *err)
{
	char pid[16];
	const char *params[] = {host->name, host->boot_id, pid, o->path, o->source,
		o->config->options, THULE_VERSION, *o->config->at ? "t" : "f"};
	PGresult *res;

	snprintf(pid, sizeof(pid), "%d", getpid());
	/* The holder of the lease knows that those that had it before are dead, unless they have a
	 * session still; a mount of the past knows it of the one that was in its place. */
	res = db_query(conn,
		"with dead as (update thule.mount set ended_at = now() where ended_at is null and "
		"case when $8::boolean then read_only and mountpoint = $4 and host = $1"
		" else not read_only and id not in (select thule_internal.mounts_live()) end)"
		" insert into thule.mount (host, boot_id, pid, mountpoint, source, options, "
		"version, read_only, backend)"
		" values ($1, $2, $3::integer, $4, $5, $6, $7, $8::boolean, pg_backend_pid()) "
		"returning id, set_config('synchronous_commit', 'on', true)",
		8, params, err);
	if (!res)
		return false;
	*mount = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
	PQclear(res);
	return true;
}

bool registration_is_alone(PGconn *conn, uint64_t mount, bool *alone, struct error *err)
{
	uint64_t others;

	if (!db_query_u64(conn,
		    "select count(*) from thule.mount where ended_at is null and not read_only and "
		    "id <> $1::bigint",
		    mount, &others, err))
		return false;
	*alone = others == 0;
	return true;
}

bool registration_allowed(PGconn *conn, bool *allowed, struct error *err)
{
	uint64_t may;

	if (!db_query_u64(conn,
		    "select ($1::bigint = 0 and not pg_is_in_recovery()"
		    " and has_table_privilege('thule.mount', 'insert')"
		    " and has_table_privilege('thule.mount', 'update'))::integer",
		    0, &may, err))
		return false;
	*allowed = may;
	return true;
}

bool registration_device(
	const char *conninfo, uint64_t mount, unsigned int device, struct error *err)
{
	char id[24], number[24];
	const char *params[] = {id, number};
	PGconn *conn = mount ? db_connect(conninfo, "thulefs", err) : NULL;
	PGresult *res = NULL;

	if (!mount)
		return true;
	snprintf(id, sizeof(id), "%llu", (unsigned long long)mount);
	snprintf(number, sizeof(number), "%u", device);
	if (conn)
		res = db_query(conn,
			"update thule.mount set device = $2::bigint where id = $1::bigint", 2,
			params, err);
	PQclear(res);
	PQfinish(conn);
	return res != NULL;
}

void registration_end(PGconn *conn, uint64_t mount)
{
	uint64_t ignored;

	if (conn && mount)
		db_query_u64(conn,
			"update thule.mount set ended_at = now() where id = $1::bigint"
			" returning 0, pg_notify('thule_change', (select max(next_op) - 1 from "
			"thule.superblock)::text)",
			mount, &ignored, NULL);
}

void registration_close(const char *conninfo, uint64_t mount)
{
	PGconn *conn = mount ? db_connect(conninfo, "thulefs", NULL) : NULL;

	registration_end(conn, mount);
	PQfinish(conn);
}
