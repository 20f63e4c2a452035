#include "db/transaction.h"

#include "base/fault.h"
#include "db/array.h"
#include "db/copy.h"
#include "db/query.h"

/* A transaction under way. */
struct transaction {
	PGconn *conn;
	bool block; /* it is begun and committed by commands, as it is not one pipeline alone */
	int queued; /* statements in the pipeline */
	struct trace_span *span;
};

static bool send_text(PGconn *conn, const char *sql)
{
	return PQsendQueryParams(conn, sql, 0, NULL, NULL, NULL, NULL, 0);
}

static bool send_prepared(
	PGconn *conn, enum stmt stmt, int nparams, const char *const *values, const int *lengths)
{
	int formats[DATABASE_MAX_PARAMS];

	for (int i = 0; i < nparams; i++)
		formats[i] = 1;
	return PQsendQueryPrepared(
		conn, statements[stmt].name, nparams, values, lengths, formats, 1);
}

bool transaction_send_call(PGconn *conn, const struct database_call *c)
{
	return send_prepared(conn, c->stmt, c->nparams, c->values, c->lengths);
}

static bool enter_pipeline(PGconn *conn)
{
	return PQpipelineStatus(conn) != PQ_PIPELINE_OFF || PQenterPipelineMode(conn);
}

static bool queue_text(struct transaction *t, const char *sql)
{
	t->queued++;
	return enter_pipeline(t->conn) && send_text(t->conn, sql);
}

static bool queue_prepared(struct transaction *t, enum stmt stmt, int nparams,
	const char *const *values, const int *lengths)
{
	t->queued++;
	return enter_pipeline(t->conn) && send_prepared(t->conn, stmt, nparams, values, lengths);
}

/* What stands in one pipeline is one transaction, which ends with it: begin and commit would be
 * two statements more. */
static bool queue_begin(struct transaction *t, bool flush)
{
	return (!t->block || queue_text(t, "begin")) &&
	       (flush || queue_prepared(t, STMT_APPLY_LAZILY, 0, NULL, NULL));
}

/* A row alone goes as parameters that are no arrays. */
static bool queue_one(struct transaction *t, const struct database_call *c)
{
	const char *values[DATABASE_MAX_PARAMS];
	int lengths[DATABASE_MAX_PARAMS];

	for (int i = 0; i < c->nparams; i++) {
		const char *at = c->values[i] + ARRAY_HEADER;

		values[i] = array_take(&at, &lengths[i]);
	}
	return queue_prepared(t, c->one, c->nparams, values, lengths);
}

static bool queue_call(struct transaction *t, const struct database_call *c)
{
	if (c->one && c->rows == 1)
		return queue_one(t, c);
	return queue_prepared(t, c->stmt, c->nparams, c->values, c->lengths);
}

static bool send_commit(struct transaction *t)
{
	/* The rows are on their way, and the session ends without the commit. */
	if (fault(FAULT_BATCH_COMMIT)) {
		PQflush(t->conn);
		return false;
	}
	return enter_pipeline(t->conn) && (!t->block || send_text(t->conn, "commit")) &&
	       PQpipelineSync(t->conn);
}

/*
 * The server went without answering. libpq may call the connection good still: of a write that
 * failed it makes an error result without SQLSTATE, when the server has said nothing or, as one
 * that crashes does, a warning alone. *err keeps what it told.
 */
static bool lost(PGconn *conn, bool told, struct error *err)
{
	if (!told)
		return db_error(conn, NULL, "the connection was lost during a batch", err);
	if (err)
		err->class = ERR_UNREACHABLE;
	return false;
}

/* Waits awake for the first answer. PQgetResult() sends what is not sent yet, and waits for all
 * that is late. */
static void await_answers(PGconn *conn, struct spin *spin)
{
	struct pollfd p = {.fd = PQsocket(conn), .events = POLLIN};

	if (PQflush(conn) == 0)
		spin_poll(spin, &p, 1, 1);
}

/* Reads the answers up to the end of the pipeline. False with *err set when any is an error. What
 * comes after `rows` of them is the commit's, which the span tells apart. */
static bool read_answers(PGconn *conn, int rows, struct trace_span *span, struct error *err)
{
	bool ok = true;

	for (;;) {
		PGresult *res = PQgetResult(conn);
		ExecStatusType status;

		/* One NULL ends the answers of a statement. */
		if (!res)
			res = PQgetResult(conn);
		if (!res)
			return lost(conn, !ok, err);
		if (--rows == 0 && span)
			trace_enter(span, TRACE_END);
		status = PQresultStatus(res);
		if (status == PGRES_PIPELINE_SYNC) {
			PQclear(res);
			return ok;
		}
		if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK &&
			status != PGRES_PIPELINE_ABORTED && ok)
			ok = db_error(conn, res, "the database refused a batch", err);
		PQclear(res);
	}
}

static bool cannot_send(PGconn *conn, struct error *err)
{
	return db_error(conn, NULL, "cannot send a batch", err);
}

/* Ends the pipeline, whose answers tell whether the transaction goes on. */
static bool end_pipeline(struct transaction *t, struct error *err)
{
	if (PQpipelineStatus(t->conn) == PQ_PIPELINE_OFF)
		return true;
	if (!PQpipelineSync(t->conn))
		return cannot_send(t->conn, err);
	t->queued = 0;
	return read_answers(t->conn, 0, NULL, err) &&
	       (PQexitPipelineMode(t->conn) || cannot_send(t->conn, err));
}

static bool run_call(struct transaction *t, const struct database_call *c, struct error *err)
{
	if (fault(FAULT_BATCH_ROWS))
		return fault_lost(FAULT_BATCH_ROWS, err);
	if (copy_pays(c))
		return end_pipeline(t, err) && copy_call(t->conn, c, err);
	return queue_call(t, c) || cannot_send(t->conn, err);
}

static bool run(struct transaction *t, const struct database_call *calls, int count, bool flush,
	struct spin *spin, struct error *err)
{
	if (!queue_begin(t, flush))
		return cannot_send(t->conn, err);
	for (int i = 0; i < count; i++)
		if (!run_call(t, &calls[i], err))
			return false;
	if (!send_commit(t))
		return cannot_send(t->conn, err);
	if (fault(FAULT_BATCH_SENT))
		return fault_lost(FAULT_BATCH_SENT, err);
	if (flush)
		await_answers(t->conn, spin);
	return read_answers(t->conn, t->queued, t->span, err);
}

bool transaction_apply(PGconn *conn, const struct database_call *calls, int count, bool flush,
	struct spin *spin, struct trace_span *span, struct error *err)
{
	struct transaction t = {.conn = conn, .span = span};

	/* libpq copies outside of a pipeline alone. */
	for (int i = 0; i < count; i++)
		t.block |= copy_pays(&calls[i]);
	if (run(&t, calls, count, flush, spin, err))
		return true;
	/* A refused batch is still in its block, in which nothing else would be taken. */
	if (t.block && PQstatus(conn) == CONNECTION_OK && queue_text(&t, "rollback") &&
		PQpipelineSync(conn))
		read_answers(conn, 0, NULL, NULL);
	return false;
}
