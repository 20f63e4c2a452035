#include "mount/recovery.h"

#include <limits.h>
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

/* Of a journal that holds ops, recovery_ring() say what does not fit. */
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

/* What a journal with ops is to the database. */
enum fit {
	FITS,
	OVERTAKEN, /* others have written what follows */
	WRONG,     /* it is of another state of the database, or that is not known */
};

/* What the database says of a journal; times are microseconds since the epoch, 0: not known. */
struct ends {
	uint64_t op, at;  /* the last one */
	uint64_t last_op; /* of the journal's mount */
	uint64_t tail_at; /* of the op with which the journal begins */
};

/* Sets all but *ends->op, and whether the journal's mount is known. */
static bool ask_ends(PGconn *conn, const struct ring *ring, struct ends *ends, uint64_t *known,
	struct error *err)
{
	static const char at[] =
		"select (extract(epoch from at) * 1000000)::bigint from thule.op where op = "
		"$1::bigint";

	return db_query_u64(conn, "select thule_internal.applied_op($1::bigint)", ring_mount(ring),
		       &ends->last_op, err) &&
	       db_query_u64(conn, "select count(*) from thule.mount where id = $1::bigint",
		       ring_mount(ring), known, err) &&
	       db_query_u64(conn, at, ends->op, &ends->at, err) &&
	       db_query_u64(conn, at, ring_tail_op(ring), &ends->tail_at, err);
}

/* The last op of the journal that the database has, or the one before all of them. */
static uint64_t last_there(const struct ring *ring, const struct ends *ends)
{
	return ends->last_op > ring_tail_op(ring) ? ends->last_op : ring_tail_op(ring);
}

/* Whether the database has what comes before the journal, and others have written since. A copy
 * that went another way has another op of that number; where a damaged journal cannot be followed,
 * the last op may be its own. */
static bool is_overtaken(const struct ring *ring, const struct ends *ends)
{
	uint64_t at = (uint64_t)ring_tail_at(ring);

	return ends->op > last_there(ring, ends) && (!at || !ends->tail_at || at == ends->tail_at);
}

/* Compares the journal with the database, which ends with ends->op; sets the rest of *ends. */
static enum fit compare(PGconn *conn, struct ring *ring, struct ends *ends, struct error *err)
{
	const char *path = ring_name(ring);
	uint64_t known;

	if (!ask_ends(conn, ring, ends, &known, err))
		return WRONG;
	if (!known || ring_tail_op(ring) > ends->op) {
		error_set(err, ERR_BUSY,
			"the journal %s begins after op %llu and the database ends with op %llu, "
			"as one that was restored from a backup: move that file away to mount "
			"without its ops",
			path, (unsigned long long)ring_tail_op(ring), (unsigned long long)ends->op);
		return WRONG;
	}
	if (ring_head_op(ring) <= ends->last_op ||
		journal_continues(ring, ends->op, (int64_t)ends->at, ends->last_op))
		return FITS;
	if (is_overtaken(ring, ends))
		return OVERTAKEN;
	error_set(err, ERR_BUSY,
		"the journal %s holds ops of an earlier mount that were never committed, and they "
		"do not follow what the database has: it is damaged, or the database is a copy "
		"that went on otherwise; move that file away to mount without them, see `thule "
		"journal show`",
		path);
	return WRONG;
}

/* What others have overtaken is for people to look at: another file takes its place. NULL with *err
 * set. */
static struct ring *keep(struct ring *ring, uint64_t last, const struct ring_key *key,
	const struct ring_wish *wish, struct error *err)
{
	uint64_t head = ring_head_op(ring);
	char path[PATH_MAX];

	if (!ring_keep(ring, last, path, sizeof(path))) {
		error_sys(err,
			"another mount, or a command, has written since the ops of the journal %s, "
			"and it cannot be kept under another name",
			ring_name(ring));
		ring_close(ring);
		return NULL;
	}
	ring_tell(ring, RING_FENCED);
	ring_settle(ring);
	ring_close(ring);
	log_error("another mount, or a command, has changed the filesystem since an earlier daemon "
		  "of this host ended; op:%llu to op:%llu, which that had acknowledged, are not in "
		  "the database: they are kept in %s, see `thule journal show`",
		(unsigned long long)last + 1, (unsigned long long)head, path);
	return ring_open(key, wish, err);
}

static bool replay(struct database_session *session, struct ring *ring, uint64_t last_op,
	struct superblock *super, struct error *err)
{
	uint64_t replayed, next_blob = (uint64_t)super->next_blob;

	if (!journal_replay(ring, session, &last_op, &next_blob, &replayed, err))
		return false;
	if (replayed)
		log_warn("replayed %llu ops that an earlier daemon had acknowledged",
			(unsigned long long)replayed);
	return schema_superblock(database_connection(session), super, err);
}

struct ring *recovery_ring(struct database_session *session, const struct ring_key *key,
	const struct ring_wish *wish, bool successor, struct superblock *super, struct error *err)
{
	struct ring *ring = ring_open(key, wish, err);
	struct ends ends = {.op = (uint64_t)super->next_op - 1};
	bool ok;

	if (!ring || ring_empty(ring))
		return ring;
	switch (compare(database_connection(session), ring, &ends, err)) {
	case FITS:
		ok = replay(session, ring, ends.last_op, super, err);
		break;
	case OVERTAKEN:
		if (!successor)
			return keep(ring, last_there(ring, &ends), key, wish, err);
		ok = error_set(err, ERR_BUSY,
			"another mount, or a command, has changed the filesystem while its daemon "
			"was away, and what programs here saw is not in the database: unmount, and "
			"mount again");
		break;
	default:
		ok = false;
	}
	if (ok)
		return ring;
	ring_close(ring);
	return NULL;
}

bool recovery_last_time(PGconn *conn, uint64_t op, uint64_t *us, struct error *err)
{
	return db_query_u64(conn,
		"select (extract(epoch from at) * 1000000)::bigint from thule.op where op <= "
		"$1::bigint order by op desc limit 1",
		op, us, err);
}
