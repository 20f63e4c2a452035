#include "db/libpq.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "db/conn.h"
#include "db/lease.h"
#include "db/pooler.h"
#include "db/transaction.h"

struct libpq_database {
	struct database database;
	char *conninfo;
	bool history;
	_Atomic uint64_t server; /* that the writer's session is with; 0: there was none */
};

struct libpq_session {
	struct database_session session;
	PGconn *conn;
	const struct libpq_database *database;
	uint64_t server;  /* of a reader */
	struct spin spin; /* of a writer */
};

/*
 * Each statement is a set-based call by key, planned once, and a bad guess of the number of rows
 * must not choose another plan: a sort of all that an index with half of the key finds, for one.
 */
static const char writer_settings[] =
	"set plan_cache_mode = force_generic_plan; set jit = off;"
	"set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off;"
	"set enable_bitmapscan = off; set enable_sort = off; set enable_memoize = off";

/*
 * A host that has gone in silence loses the lease after two minutes, where the kernel would take
 * two hours; but later than its daemon, if that still runs, has given up the session (db/conn.c).
 */
static const char writer_patience[] =
	"set tcp_keepalives_idle = 60; set tcp_keepalives_interval = 10;"
	"set tcp_keepalives_count = 6; set tcp_user_timeout = 120000";

/* Parameters are unknown when a plan is made, and each query is a lookup by key, in its order. */
static const char reader_settings[] =
	"set plan_cache_mode = force_generic_plan; set jit = off; set enable_seqscan = off;"
	"set enable_hashjoin = off; set enable_mergejoin = off; set enable_bitmapscan = off;"
	"set enable_sort = off; set default_transaction_read_only = on";

/* So many NULLs in a row, and libpq has no results that are still to come. */
#define MAX_ENDS 8

static PGconn *conn_of(const struct database_session *s)
{
	return ((const struct libpq_session *)s)->conn;
}

static struct libpq_database *database_of(struct database *db)
{
	return (struct libpq_database *)db;
}

/* Reads what tells a running server from all others, its copies and what it was before it was
 * started again among them: when it was started, in microseconds. */
static bool read_server(PGconn *conn, uint64_t *server, struct error *err)
{
	return db_query_u64(conn,
		"select (extract(epoch from pg_catalog.pg_postmaster_start_time()) * "
		"1000000)::bigint + $1::bigint",
		0, server, err);
}

/* What a session that may have the lease asks beside the statements of batches: for commits that
 * nobody waits for, and to hand the right to write over (control/loan.c). */
static const enum stmt writer_ids[] = {STMT_APPLY_LAZILY, STMT_LEASE_ASK, STMT_LEASE_MOVE,
	STMT_LEASE_MARKS, STMT_WRITE_LEND, STMT_WRITE_REGAIN, STMT_WRITE_TOUCHED, STMT_QUOTA_READ};
static const struct database_statements writer_statements = {
	.ids = writer_ids, .count = sizeof(writer_ids) / sizeof(writer_ids[0])};

static bool prepare_all(PGconn *conn, const struct database_statements *stmts, struct error *err)
{
	for (int i = 0; i < stmts->count; i++)
		if (!db_prepare(conn, stmts->ids[i], err))
			return false;
	return true;
}

/* Returns the session of conn, or NULL and ends conn when it is not `ready`. */
static struct database_session *session_new(struct database *db, PGconn *conn, bool ready)
{
	struct libpq_session *s;

	if (!ready) {
		PQfinish(conn);
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	s->session.ops = db->ops;
	s->conn = conn;
	s->database = database_of(db);
	s->spin.max_ns = TRANSACTION_SPIN_NS;
	return &s->session;
}

/* Does about the lease what is to be done. */
static bool open_lease(PGconn *conn, enum database_lease lease, struct error *err)
{
	switch (lease) {
	case DATABASE_TAKE:
		return lease_take(conn, err);
	case DATABASE_MOVE:
		return lease_move(conn, err);
	case DATABASE_FOLLOW:
		break;
	}
	return true;
}

static struct database_session *open_writer(struct database *db, enum database_lease lease,
	const struct database_statements *stmts, struct error *err)
{
	struct libpq_database *d = database_of(db);
	PGconn *conn = db_connect(d->conninfo, "thulefs drain", err);
	uint64_t server;
	/* Statements that end a row and keep it look at the setting thule.history. */
	bool ready = conn && pooler_pass(conn, err) && open_lease(conn, lease, err) &&
		     db_exec(conn, writer_settings, err) && db_exec(conn, writer_patience, err) &&
		     (d->history || db_exec(conn, "set thule.history = off", err)) &&
		     prepare_all(conn, &writer_statements, err) && prepare_all(conn, stmts, err) &&
		     read_server(conn, &server, err);

	if (ready)
		atomic_store(&d->server, server);
	return session_new(db, conn, ready);
}

static bool reclaim(
	struct database *db, uint64_t mount, bool *taken, uint64_t *last_op, struct error *err)
{
	return lease_reclaim(database_of(db)->conninfo, mount, taken, last_op, err);
}

/* Returns the connection outside pipeline mode, which apply() enters again. */
static PGconn *connection(struct database_session *s)
{
	PGconn *conn = conn_of(s);

	return PQexitPipelineMode(conn) ? conn : NULL;
}

static bool progress(struct database_session *s, uint64_t mount, struct database_progress *out,
	struct error *err)
{
	PGconn *conn = connection(s);
	char id[24];
	const char *params[] = {id};
	PGresult *res;

	if (!conn)
		return db_error(conn_of(s), NULL, "cannot ask for the last op", err);
	snprintf(id, sizeof(id), "%llu", (unsigned long long)mount);
	res = db_query(conn,
		"with m as (update thule.mount set backend = pg_backend_pid() where id = $1::bigint"
		" returning id) select thule_internal.applied_op(m.id), s.next_op, s.next_ino,"
		" s.next_blob, m.id is not null,"
		" (select w.id > $1::bigint and w.source <> 'sql' from thule.mount w where w.id = "
		"s.mount),"
		" (select (extract(epoch from o.at) * 1000000)::bigint from thule.op o"
		"   where o.op = s.next_op - 1)"
		" from thule.superblock s left join m on true",
		1, params, err);
	if (!res)
		return false;
	out->last_op = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
	out->next_op = strtoull(PQgetvalue(res, 0, 1), NULL, 10);
	out->next_ino = strtoull(PQgetvalue(res, 0, 2), NULL, 10);
	out->next_blob = strtoull(PQgetvalue(res, 0, 3), NULL, 10);
	out->known = PQgetvalue(res, 0, 4)[0] == 't';
	out->fenced = PQgetvalue(res, 0, 5)[0] == 't';
	out->at = strtoll(PQgetvalue(res, 0, 6), NULL, 10);
	PQclear(res);
	return true;
}

static bool apply(struct database_session *s, const struct database_call *calls, int count,
	bool flush, struct error *err)
{
	struct libpq_session *session = (struct libpq_session *)s;

	return transaction_apply(session->conn, calls, count, flush, &session->spin, s->span, err);
}

static bool set_limit(PGconn *conn, unsigned int seconds, struct error *err)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "set statement_timeout = '%us'", seconds);
	return !seconds || db_exec(conn, sql, err);
}

static struct database_session *open_reader(struct database *db, const char *application,
	const struct database_statements *stmts, struct error *err)
{
	PGconn *conn = db_connect(database_of(db)->conninfo, application, err);
	struct database_session *s;
	uint64_t server;
	bool ready = conn && db_exec(conn, reader_settings, err) && prepare_all(conn, stmts, err) &&
		     set_limit(conn, stmts->limit, err) && read_server(conn, &server, err);

	if (ready && (!PQenterPipelineMode(conn) || PQsetnonblocking(conn, 1) != 0))
		ready = error_set(err, ERR_INTERNAL, "cannot enter pipeline mode");
	s = session_new(db, conn, ready);
	if (s)
		((struct libpq_session *)s)->server = server;
	return s;
}

static bool beside_writer(const struct database_session *session)
{
	const struct libpq_session *s = (const struct libpq_session *)session;
	uint64_t server = atomic_load(&s->database->server);

	return !server || server == s->server;
}

/* A sync each: a question that fails must not take the next ones with it. */
static bool ask(struct database_session *s, const struct database_call *call)
{
	return transaction_send_call(conn_of(s), call) && PQpipelineSync(conn_of(s));
}

static bool exchange(struct database_session *s, bool readable, bool *more)
{
	PGconn *conn = conn_of(s);
	int flush;

	if (readable && !PQconsumeInput(conn))
		return false;
	flush = PQflush(conn);
	*more = flush > 0;
	return flush >= 0 && PQstatus(conn) == CONNECTION_OK;
}

/* Returns true for the error that a server gives in the place of an answer when it goes down, and
 * for the one that libpq makes of a lost connection. */
static bool is_loss(PGconn *conn, const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	return state ? db_sqlstate_class(state) == ERR_UNREACHABLE
		     : PQstatus(conn) != CONNECTION_OK;
}

static bool answer(struct database_session *s, PGresult **out)
{
	PGconn *conn = conn_of(s);

	/* A NULL ends the results of a question; more than a few end all of them. */
	for (int ends = 0; ends < MAX_ENDS && !PQisBusy(conn);) {
		PGresult *res = PQgetResult(conn);
		ExecStatusType status = PQresultStatus(res);

		ends = res ? 0 : ends + 1;
		if (status == PGRES_TUPLES_OK ||
			(res && status != PGRES_PIPELINE_SYNC && !is_loss(conn, res))) {
			*out = res;
			return true;
		}
		PQclear(res);
		if (res && status != PGRES_PIPELINE_SYNC)
			return false;
	}
	return PQstatus(conn) == CONNECTION_OK;
}

static int fd(struct database_session *s)
{
	return PQsocket(conn_of(s));
}

static bool alive(struct database_session *s, struct error *err)
{
	PGconn *conn = conn_of(s);

	if (PQstatus(conn) == CONNECTION_OK && PQconsumeInput(conn) &&
		PQstatus(conn) == CONNECTION_OK)
		return true;
	return db_error(conn, NULL, "the session has ended", err);
}

static void close_session(struct database_session *s)
{
	PQfinish(conn_of(s));
	free(s);
}

static void free_database(struct database *db)
{
	free(((struct libpq_database *)db)->conninfo);
	free(db);
}

static const struct database_ops libpq_ops = {
	.name = "libpq",
	.free = free_database,
	.open_writer = open_writer,
	.reclaim = reclaim,
	.progress = progress,
	.apply = apply,
	.open_reader = open_reader,
	.beside_writer = beside_writer,
	.ask = ask,
	.exchange = exchange,
	.answer = answer,
	.fd = fd,
	.alive = alive,
	.connection = connection,
	.close = close_session,
};

struct database *libpq_database(const char *conninfo, bool history)
{
	struct libpq_database *d = xcalloc(1, sizeof(*d));

	d->database.ops = &libpq_ops;
	d->conninfo = strdup(conninfo);
	d->history = history;
	return &d->database;
}
