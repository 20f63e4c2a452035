#include "mount/recovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "db/conn.h"
#include "journal/journal.h"

bool recovery_key(
	PGconn *conn, const struct superblock *super, struct ring_key *key, struct error *err)
{
	PGresult *res = db_query(conn,
		"select (select oid from pg_catalog.pg_database where datname = "
		"current_database()),"
		" (select setting from pg_catalog.pg_settings where name = 'data_directory')",
		0, NULL, err);

	if (!res)
		return false;
	snprintf(key->uuid, sizeof(key->uuid), "%s", super->uuid);
	key->database = (uint32_t)strtoul(PQgetvalue(res, 0, 0), NULL, 10);
	if (PQgetisnull(res, 0, 1))
		snprintf(key->server, sizeof(key->server), "%s:%s", PQhost(conn), PQport(conn));
	else
		snprintf(key->server, sizeof(key->server), "%s", PQgetvalue(res, 0, 1));
	PQclear(res);
	res = db_query(conn, "select system_identifier from pg_catalog.pg_control_system()", 0,
		NULL, NULL);
	key->system = res ? strtoull(PQgetvalue(res, 0, 0), NULL, 10) : 0;
	PQclear(res);
	return true;
}

struct end {
	const struct ring_key *key;
	uint64_t op;
	struct error *err;
};

/* Of a journal that holds ops, recovery_replay() and ring_open() say what does not fit. */
static bool is_behind(void *arg, const char *path, const struct ring_peek *peek)
{
	const struct end *end = arg;

	if (peek->bytes_used || peek->kept_from || peek->tail_op <= end->op ||
		strcmp(peek->uuid, end->key->uuid) || peek->system != end->key->system ||
		peek->database != end->key->database || ring_in_use(path))
		return true;
	error_set(end->err, ERR_BUSY,
		"op %llu was on the disk of the database, says the journal %s of server %s, and "
		"this one, of server %s, ends with op %llu: it has lost what fsync promised, as a "
		"standby that was behind, or one that was restored from a backup. Use the other "
		"one, or move that file away to mount without what is lost",
		(unsigned long long)peek->tail_op, path, peek->server, end->key->server,
		(unsigned long long)end->op);
	return false;
}

bool recovery_check_end(
	const struct ring_key *key, const char *path, uint64_t end, struct error *err)
{
	struct error found = {0};
	struct end e = {key, end, &found};
	struct ring_peek peek;

	if (!path || !ring_peek(path, &peek, NULL) || is_behind(&e, path, &peek))
		ring_visit(is_behind, &e);
	if (!found.class)
		return true;
	if (err)
		*err = found;
	return false;
}

/* Checks that the journal goes on where the database ends; *last_op is what it has of the mount. */
static bool fits(
	PGconn *conn, struct ring *ring, uint64_t end, uint64_t *last_op, struct error *err)
{
	const char *path = ring_name(ring);
	uint64_t known, at;

	if (!db_query_u64(conn, "select thule_internal.applied_op($1::bigint)", ring_mount(ring),
		    last_op, err) ||
		!db_query_u64(conn, "select count(*) from thule.mount where id = $1::bigint",
			ring_mount(ring), &known, err) ||
		!db_query_u64(conn,
			"select (extract(epoch from at) * 1000000)::bigint from thule.op where op "
			"= $1::bigint",
			end, &at, err))
		return false;
	if (!known || ring_tail_op(ring) > end)
		return error_set(err, ERR_BUSY,
			"the journal %s begins after op %llu and the database ends with op %llu, "
			"as one that was restored from a backup: move that file away to mount "
			"without its ops",
			path, (unsigned long long)ring_tail_op(ring), (unsigned long long)end);
	if (ring_head_op(ring) > *last_op && !journal_continues(ring, end, (int64_t)at, *last_op))
		return error_set(err, ERR_BUSY,
			"the journal %s holds ops of an earlier mount that were never committed, "
			"and the database goes on otherwise: another mount or a command has "
			"written since, or it is a copy; move that file away to mount without "
			"them, see `thule journal show`",
			path);
	return true;
}

bool recovery_replay(struct database_session *session, struct ring *ring, struct superblock *super,
	struct error *err)
{
	uint64_t last_op, replayed, next_blob = (uint64_t)super->next_blob;

	if (ring_empty(ring))
		return true;
	if (!fits(database_connection(session), ring, (uint64_t)super->next_op - 1, &last_op,
		    err) ||
		!journal_replay(ring, session, &last_op, &next_blob, &replayed, err))
		return false;
	if (replayed)
		log_warn("replayed %llu ops that an earlier daemon had acknowledged",
			(unsigned long long)replayed);
	return schema_superblock(database_connection(session), super, err);
}

bool recovery_last_time(PGconn *conn, uint64_t op, uint64_t *us, struct error *err)
{
	return db_query_u64(conn,
		"select (extract(epoch from at) * 1000000)::bigint from thule.op where op <= "
		"$1::bigint order by op desc limit 1",
		op, us, err);
}
