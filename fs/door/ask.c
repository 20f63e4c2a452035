#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/conn.h"
#include "door/door_impl.h"

#define FLUSH_BYTES (64 << 10)

void session_fail(struct session *s, const struct error *err)
{
	const char *state = err->class == ERR_BUSY          ? "55006"
			    : err->class == ERR_NOT_FOUND   ? "P0002"
			    : err->class == ERR_UNREACHABLE ? "08006"
			    : err->class == ERR_AUTH        ? "42501"
							    : "XX000";

	wire_add_error(&s->out, false, state, err->text, NULL);
}

void session_refuse(struct session *s, const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	if (!state || !text)
		wire_add_error(&s->out, false, "08006",
			"the database of this filesystem went away: try again later", NULL);
	else if (!strcmp(state, "57014"))
		wire_add_error(&s->out, false, state,
			"this takes longer than users of the mount may keep its database busy",
			"Narrow it, with a PATH, --since or -n.");
	else
		wire_add_error(
			&s->out, false, state, text, PQresultErrorField(res, PG_DIAG_MESSAGE_HINT));
}

/* True once the client has closed its end. What it sends meanwhile is for later. */
static bool is_gone(const struct session *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLRDHUP};

	return poll(&p, 1, 0) > 0 && p.revents;
}

static void cancel(PGconn *conn)
{
	PGcancel *c = PQgetCancel(conn);
	char ignored[256];

	if (c)
		PQcancel(c, ignored, sizeof(ignored));
	PQfreeCancel(c);
}

/* Waits until a result can be had without waiting. False: out of time, the client is gone, or it is
 * time to end. */
static bool wait_for_result(struct session *s, PGconn *conn, int64_t end_ns)
{
	while (PQisBusy(conn)) {
		struct pollfd p[3] = {
			{.fd = PQsocket(conn), .events = POLLIN},
			{.fd = s->fd, .events = POLLRDHUP},
			{.fd = s->door->stop_fd, .events = POLLIN},
		};

		poll(p, 3, 1000);
		if (p[1].revents || p[2].revents || clock_mono_ns() > end_ns)
			return false;
		if (p[0].revents && !PQconsumeInput(conn))
			return true; /* PQgetResult() says what happened */
	}
	return true;
}

PGresult *session_query(
	struct session *s, PGconn *conn, const char *sql, int nparams, const char *const *params)
{
	int64_t end_ns = clock_mono_ns() + (int64_t)ANSWER_MS * 1000000;
	PGresult *res = NULL, *next;

	if (!PQsendQueryParams(conn, sql, nparams, NULL, params, NULL, NULL, 0))
		return PQmakeEmptyPGresult(conn, PGRES_FATAL_ERROR);
	for (;;) {
		if (!wait_for_result(s, conn, end_ns)) {
			cancel(conn);
			PQclear(res);
			return NULL;
		}
		next = PQgetResult(conn);
		if (!next)
			return res;
		PQclear(res);
		res = next;
	}
}

/* Rows as they come. False: the client does not want them any more. */
static bool send_rows(struct session *s, PGconn *conn)
{
	int64_t end_ns = clock_mono_ns() + (int64_t)ANSWER_MS * 1000000;
	bool described = false;
	PGresult *res;

	for (;;) {
		if (!wait_for_result(s, conn, end_ns))
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

/* A zone that the server does not know leaves its own. */
static void set_zone(const struct session *s, PGconn *conn)
{
	const char *params[] = {*s->zone ? s->zone : "UTC"};

	PQclear(db_query(conn, "select set_config('TimeZone', $1::text, false)", 1, params, NULL));
}

bool session_begin(PGconn *conn, enum door_way way)
{
	char text[160];

	snprintf(text, sizeof(text),
		"begin isolation level repeatable read %s;"
		"set local statement_timeout = '%ds'; set local lock_timeout = '10s'",
		way == DOOR_READS ? "read only" : "read write",
		way == DOOR_UNDOES ? UNDO_S : STATEMENT_S);
	return db_exec(conn, text, NULL);
}

/* False when the client is gone; then the statement is ended, too. */
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
		cancel(conn);
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
	if (!s->door->config.settle(s->door->config.arg))
		wire_add_notice(&s->out, "the newest changes are not in the database yet");
	set_zone(s, conn);
	ok = rule->way == DOOR_UNDOES ? session_undo(s, conn, params[0])
				      : run(s, conn, rule, params, bind->binary);
	pool_give(s->door->pool, s->peer.uid, conn);
	return ok;
}
