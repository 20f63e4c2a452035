#include "db/database.h"

#include "base/fault.h"

/* A session may be missing between one that was lost and the next. */
static bool there(const struct database_session *s, struct error *err)
{
	return s || error_set(err, ERR_UNREACHABLE, "there is no session with the database");
}

void database_free(struct database *db)
{
	if (db)
		db->ops->free(db);
}

struct database_session *database_open_writer(struct database *db, enum database_lease lease,
	const struct database_statements *stmts, struct error *err)
{
	if (fault(FAULT_SESSION_OPEN)) {
		fault_lost(FAULT_SESSION_OPEN, err);
		return NULL;
	}
	return db->ops->open_writer(db, lease, stmts, err);
}

bool database_reclaim(
	struct database *db, uint64_t mount, bool *taken, uint64_t *last_op, struct error *err)
{
	return db->ops->reclaim(db, mount, taken, last_op, err);
}

bool database_progress(struct database_session *s, uint64_t mount, struct database_progress *out,
	struct error *err)
{
	if (fault(FAULT_SESSION_PROGRESS))
		return fault_lost(FAULT_SESSION_PROGRESS, err);
	return there(s, err) && s->ops->progress(s, mount, out, err);
}

/* Passes the points before a batch is sent. False with *err set when it is not to be sent; *lose
 * when its answer is to be lost. */
static bool may_send(bool flush, bool *lose, struct error *err)
{
	enum fault_action sending = fault(FAULT_BATCH_SEND);
	enum fault_action flushing = flush ? fault(FAULT_BATCH_FLUSH) : FAULT_NONE;

	if (sending == FAULT_FAIL)
		return fault_lost(FAULT_BATCH_SEND, err);
	if (flushing == FAULT_FAIL)
		return fault_lost(FAULT_BATCH_FLUSH, err);
	if (fault(FAULT_BATCH_REFUSE))
		return error_set(err, ERR_NO_SPACE, "refused at a fault point");
	*lose = sending || flushing;
	return true;
}

void database_trace(struct database_session *s, struct trace_span *span)
{
	if (s)
		s->span = span;
}

bool database_apply(struct database_session *s, const struct database_call *calls, int count,
	bool flush, struct error *err)
{
	bool lose = false;

	if (s && s->span)
		trace_enter(s->span, TRACE_SERVER);
	if (!there(s, err) || !may_send(flush, &lose, err) ||
		!s->ops->apply(s, calls, count, flush, err))
		return false;
	if (fault(FAULT_BATCH_ANSWER) || lose)
		return fault_lost(FAULT_BATCH_ANSWER, err);
	return true;
}

struct database_session *database_open_reader(struct database *db, const char *application,
	const struct database_statements *stmts, struct error *err)
{
	if (fault(FAULT_READER_OPEN)) {
		fault_lost(FAULT_READER_OPEN, err);
		return NULL;
	}
	return db->ops->open_reader(db, application, stmts, err);
}

bool database_beside_writer(const struct database_session *s, struct error *err)
{
	return s->ops->beside_writer(s) ||
	       error_set(err, ERR_UNREACHABLE,
		       "the connection leads to another server than the one that holds the "
		       "filesystem's lease, and what that one says may be old");
}

bool database_ask(struct database_session *s, const struct database_call *call)
{
	return s && !fault(FAULT_READER_ASK) && database_beside_writer(s, NULL) &&
	       s->ops->ask(s, call);
}

bool database_exchange(struct database_session *s, bool readable, bool *more)
{
	return s && s->ops->exchange(s, readable, more);
}

bool database_answer(struct database_session *s, PGresult **res)
{
	*res = NULL;
	if (!s || !s->ops->answer(s, res))
		return false;
	if (!*res || !fault(FAULT_READER_ANSWER))
		return true;
	PQclear(*res);
	*res = NULL;
	return false;
}

int database_fd(struct database_session *s)
{
	return s ? s->ops->fd(s) : -1;
}

bool database_alive(struct database_session *s, struct error *err)
{
	return there(s, err) && s->ops->alive(s, err);
}

PGconn *database_connection(struct database_session *s)
{
	return s ? s->ops->connection(s) : NULL;
}

void database_close(struct database_session *s)
{
	if (s)
		s->ops->close(s);
}
