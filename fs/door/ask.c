#include <poll.h>
#include <sys/socket.h>

#include "db/conn.h"
#include "door/door_impl.h"

#define FLUSH_BYTES (64 << 10)

/* Returns whether the client has closed its end. What it sends meanwhile is for later. */
static bool is_gone(const struct session *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLRDHUP};

	return poll(&p, 1, 0) > 0 && p.revents;
}

/* Sends rows as they come. False when the client does not want them any more. */
static bool send_rows(struct session *s, PGconn *conn)
{
	int64_t end_ns = session_deadline();
	bool described = false;
	PGresult *res;

	for (;;) {
		if (!session_await_result(s, conn, end_ns))
			return false;
		res = PQgetResult(conn);
		if (!res)
			return true;
		if (PQresultStatus(res) != PGRES_SINGLE_TUPLE &&
			PQresultStatus(res) != PGRES_TUPLES_OK) {
			session_refuse(s, res);
		} else {
			if (!described)
				wire_add_columns(&s->out, res);
			described = true;
			for (int i = 0; i < PQntuples(res); i++)
				wire_add_row(&s->out, res, i);
			if (PQresultStatus(res) == PGRES_TUPLES_OK)
				wire_add_complete(&s->out);
		}
		PQclear(res);
		if (s->out.len > FLUSH_BYTES && !session_flush(s))
			return false;
	}
}

/* Sets the time zone of the session; one that the server does not know leaves its own. */
static void set_zone(const struct session *s, PGconn *conn)
{
	const char *params[] = {*s->zone ? s->zone : "UTC"};

	PQclear(db_query(conn, "select set_config('TimeZone', $1::text, false)", 1, params, NULL));
}

/* Runs a statement that reads. False when the client is gone; then the statement is ended, too. */
static bool run(struct session *s, PGconn *conn, const struct door_rule *rule,
	const char *const *params, bool binary)
{
	bool ok;

	if (!session_begin(conn, rule->way) ||
		!PQsendQueryParams(conn, statements[rule->stmt].text, rule->params, NULL, params,
			NULL, NULL, binary)) {
		session_refuse(s, NULL);
		return true;
	}
	PQsetSingleRowMode(conn);
	wire_add_bound(&s->out);
	ok = send_rows(s, conn);
	if (!ok)
		session_cancel(conn);
	/* A connection that is busy is not given back; one in a transaction is out of it. */
	if (ok)
		db_exec(conn, "rollback", NULL);
	return ok;
}

bool session_ask(struct session *s, const struct door_rule *rule, const struct wire_bind *bind)
{
	const char *params[WIRE_PARAMS_MAX] = {NULL};
	struct error err;
	PGconn *conn;
	bool ok = true;

	for (int i = 0; i < bind->count; i++)
		params[i] = bind->params[i];
	if (rule->viewer)
		params[rule->params - 1] = s->viewer;
	conn = is_gone(s) ? NULL : pool_take(s->door->pool, s->peer.uid, &err);
	if (!conn) {
		if (is_gone(s))
			return false;
		session_fail(s, &err);
		return true;
	}
	/* With a turn: few wait for the drain at the same time. */
	if (!s->door->config.await_commit(s->door->config.arg))
		wire_add_notice(&s->out, "the newest changes are not in the database yet");
	set_zone(s, conn);
	ok = rule->way == DOOR_UNDOES ? session_undo(s, conn, params[0])
				      : run(s, conn, rule, params, bind->binary);
	pool_give(s->door->pool, s->peer.uid, conn);
	return ok;
}
