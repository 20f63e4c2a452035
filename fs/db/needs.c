#include "db/needs.h"

#include <poll.h>

#include "db/conn.h"

/* Lists what is missing, the worst first: a row has the thing, and what to do about it. */
static const char missing[] =
	"with me as (select current_database() as db, quote_ident(current_database()) as d,"
	"  quote_ident(current_user) as r, $1::boolean as writes,"
	"  to_regnamespace('thule') as thule, to_regnamespace('thule_internal') as internal),"
	" lacks as (select"
	"  count(*) filter (where not has_table_privilege(c.oid, 'select')) as reads,"
	"  count(*) filter (where me.writes and not (has_table_privilege(c.oid, 'insert')"
	"    and has_table_privilege(c.oid, 'update')"
	"    and has_table_privilege(c.oid, 'delete'))) as writes"
	"  from me join pg_class c on c.relnamespace = me.thule and c.relkind = 'r')"
	" select m.what, m.hint from me, lacks, lateral (values"
	" (1, me.writes and pg_is_in_recovery(),"
	"   'the server is a standby, which takes no changes',"
	"   'mount at the primary, or mount the past here with -o at=T'),"
	" (2, me.writes and me.thule is null and not has_database_privilege(me.db, 'create'),"
	"   format('role %s may not make a schema in database %s', me.r, me.d),"
	"   format('`grant create on database %s to %s`', me.d, me.r)),"
	" (3, case when me.thule is null then false"
	"    else not has_schema_privilege(me.thule::oid, 'usage') end,"
	"   format('role %s may not use schema thule of database %s', me.r, me.d),"
	"   format('`grant usage on schema thule to %1$s; grant select on all tables in schema"
	" thule to %1$s`', me.r)),"
	" (4, case when me.internal is null then false"
	"    else not has_schema_privilege(me.internal::oid, 'usage') end,"
	"   format('role %s may not use schema thule_internal of database %s', me.r, me.d),"
	"   format('`grant usage on schema thule_internal to %s`', me.r)),"
	" (5, lacks.reads > 0,"
	"   format('role %s may not read %s tables of schema thule', me.r, lacks.reads),"
	"   format('`grant select on all tables in schema thule to %s`', me.r)),"
	" (6, lacks.writes > 0,"
	"   format('role %s may not write %s tables of schema thule', me.r, lacks.writes),"
	"   format('`grant select, insert, update, delete on all tables in schema thule to %s`,"
	" or mount the past with -o at=T', me.r)),"
	" (7, me.writes and not has_database_privilege(me.db, 'temporary'),"
	"   format('role %s may not make temporary tables in database %s, which undo and restore"
	" need', me.r, me.d),"
	"   format('`grant temporary on database %s to %s`', me.d, me.r)),"
	" (8, me.writes and pg_size_bytes(replace(current_setting('temp_file_limit'), '-1',"
	" '1TB')) < 67108864,"
	"   format('a session of role %s may have only %s of temporary files, and needs 64 MB',"
	" me.r, current_setting('temp_file_limit')),"
	"   'have a superuser raise temp_file_limit')"
	") m (rank, lacking, what, hint) where m.lacking order by m.rank limit 1";

/*
 * A server that starts after a crash, or from a backup, lets sessions in a moment before it is done
 * with recovery; only one that stays in it is a standby.
 */
#define RECOVERY_MS 5000
#define LOOK_MS     100

/* Waits for the end of a recovery. What cannot be asked is told by who asks next. */
static void await_recovery(PGconn *conn)
{
	for (int ms = 0; ms < RECOVERY_MS; ms += LOOK_MS) {
		struct error err;
		PGresult *res = db_query(conn, "select pg_is_in_recovery()", 0, NULL, &err);
		bool over = !res || PQgetvalue(res, 0, 0)[0] != 't';

		PQclear(res);
		if (over)
			return;
		poll(NULL, 0, LOOK_MS);
	}
}

bool needs_check(PGconn *conn, enum needs needs, struct error *err)
{
	const char *params[] = {needs == NEEDS_WRITE ? "t" : "f"};
	PGresult *res;
	bool ok;

	if (needs == NEEDS_WRITE)
		await_recovery(conn);
	res = db_query(conn, missing, 1, params, err);
	ok = res && PQntuples(res) == 0;
	if (res && !ok)
		error_set(err, ERR_AUTH, "%s: %s", PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 1));
	PQclear(res);
	return ok;
}
