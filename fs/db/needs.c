#include "db/needs.h"

#include "db/conn.h"

/* Each row is something that is missing, the worst first: what, and what to do about it. */
static const char missing[] =
	"with me as (select current_database() as db, quote_ident(current_database()) as d,"
	"  quote_ident(current_user) as r, $1::boolean as writes,"
	"  to_regnamespace('thule') as thule),"
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
	" (4, lacks.reads > 0,"
	"   format('role %s may not read %s tables of schema thule', me.r, lacks.reads),"
	"   format('`grant select on all tables in schema thule to %s`', me.r)),"
	" (5, lacks.writes > 0,"
	"   format('role %s may not write %s tables of schema thule', me.r, lacks.writes),"
	"   format('`grant select, insert, update, delete on all tables in schema thule to %s`,"
	" or mount the past with -o at=T', me.r)),"
	" (6, me.writes and not has_database_privilege(me.db, 'temporary'),"
	"   format('role %s may not make temporary tables in database %s, which undo and restore"
	" need', me.r, me.d),"
	"   format('`grant temporary on database %s to %s`', me.d, me.r)),"
	" (7, me.writes and pg_size_bytes(replace(current_setting('temp_file_limit'), '-1',"
	" '1TB')) < 67108864,"
	"   format('a session of role %s may have only %s of temporary files, and needs 64 MB',"
	" me.r, current_setting('temp_file_limit')),"
	"   'have a superuser raise temp_file_limit')"
	") m (rank, lacking, what, hint) where m.lacking order by m.rank limit 1";

bool needs_check(PGconn *conn, enum needs needs, struct error *err)
{
	const char *params[] = {needs == NEEDS_WRITE ? "t" : "f"};
	PGresult *res = db_query(conn, missing, 1, params, err);
	bool ok = res && PQntuples(res) == 0;

	if (res && !ok)
		error_set(err, ERR_AUTH, "%s: %s", PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 1));
	PQclear(res);
	return ok;
}
