#include "db/settings.h"

#include <string.h>

#include "db/query.h"

/*
 * The timeout goes first, since the server looks at it between the commands of one string; then the
 * path, before anything is looked up by name. There is no backslash in it, because until it is done
 * standard_conforming_strings may be off. Values are set also where they are so already: then a
 * configuration that is loaded anew does not change them.
 *
 * What a server does not have is left out. What only a superuser may set is left as it is for
 * others: none of it changes an answer. Not pinned are what an administrator tunes (memory, costs,
 * parallel workers, tablespaces, compression, logging), and the order of day and month, which
 * says how people here type a date.
 */
static const char pins[] =
	"set statement_timeout = 0;"
	"set search_path = pg_catalog, thule, pg_temp;"
	"select count(set_config(p.name, p.value, false)) from (values"
	/* What text means, and how values are written */
	" ('standard_conforming_strings', 'on'), ('backslash_quote', 'safe_encoding'),"
	" ('escape_string_warning', 'on'), ('array_nulls', 'on'), ('transform_null_equals', 'off'),"
	" ('quote_all_identifiers', 'off'), ('bytea_output', 'hex'), ('extra_float_digits', '1'),"
	" ('DateStyle', 'ISO'), ('IntervalStyle', 'postgres'), ('client_encoding', 'UTF8'),"
	" ('xmlbinary', 'base64'), ('xmloption', 'content'),"
	" ('lc_monetary', 'C'), ('lc_numeric', 'C'), ('lc_time', 'C'),"
	/* Transactions, and who may end them */
	" ('default_transaction_read_only', 'off'), ('default_transaction_deferrable', 'off'),"
	" ('default_transaction_isolation', 'read committed'), ('synchronous_commit', 'on'),"
	" ('lock_timeout', '0'), ('idle_in_transaction_session_timeout', '0'),"
	" ('idle_session_timeout', '0'), ('transaction_timeout', '0'), ('exit_on_error', 'off'),"
	/* What is seen, and what is run with it. Rows that a policy would hide are an error. */
	" ('row_security', 'off'), ('restrict_nonsystem_relation_kind', ''),"
	" ('check_function_bodies', 'on'), ('default_table_access_method', 'heap'),"
	" ('client_min_messages', 'warning'), ('plpgsql.check_asserts', 'on'),"
	" ('plpgsql.extra_errors', 'none'), ('plpgsql.extra_warnings', 'none'),"
	" ('plpgsql.print_strict_params', 'off'), ('thule.history', 'on'),"
	/* Plans */
	" ('enable_async_append', 'on'), ('enable_bitmapscan', 'on'), ('enable_gathermerge', 'on'),"
	" ('enable_hashagg', 'on'), ('enable_hashjoin', 'on'), ('enable_incremental_sort', 'on'),"
	" ('enable_indexonlyscan', 'on'), ('enable_indexscan', 'on'), ('enable_material', 'on'),"
	" ('enable_memoize', 'on'), ('enable_mergejoin', 'on'), ('enable_nestloop', 'on'),"
	" ('enable_parallel_append', 'on'), ('enable_parallel_hash', 'on'),"
	" ('enable_partition_pruning', 'on'), ('enable_seqscan', 'on'), ('enable_sort', 'on'),"
	" ('enable_tidscan', 'on'), ('plan_cache_mode', 'auto'), ('jit', 'off'), ('geqo', 'on'),"
	" ('geqo_threshold', '12'), ('from_collapse_limit', '8'), ('join_collapse_limit', '8'),"
	" ('constraint_exclusion', 'partition'), ('cursor_tuple_fraction', '0.1'),"
	" ('recursive_worktable_factor', '10'), ('force_parallel_mode', 'off'),"
	" ('debug_parallel_query', 'off'),"
	/* Of a superuser's session, as on the private server */
	" ('session_replication_role', 'origin'), ('ignore_checksum_failure', 'off'),"
	" ('zero_damaged_pages', 'off'), ('temp_file_limit', '-1')"
	") p (name, value)"
	" where (p.name = 'thule.history' or current_setting(p.name, true) is not null)"
	" and (current_setting('is_superuser') = 'on' or p.name not in"
	" ('session_replication_role', 'ignore_checksum_failure', 'zero_damaged_pages', "
	"'temp_file_limit'))";

bool settings_pin(PGconn *conn, struct error *err)
{
	struct error cause;

	if (db_exec(conn, pins, &cause))
		return true;
	error_set(err, cause.class, "cannot set up a session of the database: %s", cause.text);
	if (err)
		memcpy(err->sqlstate, cause.sqlstate, sizeof(err->sqlstate));
	return false;
}
