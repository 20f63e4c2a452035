#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "db/conn.h"
#include "door/door_impl.h"

int64_t session_deadline(void)
{
	return clock_mono_ns() + (int64_t)ANSWER_MS * 1000000;
}

void session_cancel(PGconn *conn)
{
	PGcancel *c = PQgetCancel(conn);
	char ignored[256];

	if (c)
		PQcancel(c, ignored, sizeof(ignored));
	PQfreeCancel(c);
}

bool session_await_result(struct session *s, PGconn *conn, int64_t end_ns)
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
	int64_t end_ns = session_deadline();
	PGresult *res = NULL, *next;

	if (!PQsendQueryParams(conn, sql, nparams, NULL, params, NULL, NULL, 0))
		return PQmakeEmptyPGresult(conn, PGRES_FATAL_ERROR);
	for (;;) {
		if (!session_await_result(s, conn, end_ns)) {
			session_cancel(conn);
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
