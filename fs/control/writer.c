#include "control/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/orphans.h"
#include "db/conn.h"

bool writer_prepare(PGconn *conn, struct error *err)
{
	return db_prepare(conn, STMT_WRITE_ASKED, err) &&
	       db_prepare(conn, STMT_WRITE_TOUCHED, err) &&
	       db_prepare(conn, STMT_FOLLOW_LOOK, err) && db_prepare(conn, STMT_FOLLOW_ASK, err) &&
	       db_prepare(conn, STMT_FOLLOW_ANSWER, err);
}

static bool look(PGconn *conn, enum stmt stmt, int n, const char *const *params, struct error *err)
{
	if (PQsendQueryPrepared(conn, statements[stmt].name, n, params, NULL, NULL, 0) &&
		PQflush(conn) >= 0)
		return true;
	return db_error(conn, NULL, "cannot look for those who write elsewhere", err);
}

bool writer_look(PGconn *conn, enum stmt stmt, struct error *err)
{
	return look(conn, stmt, 0, NULL, err);
}

bool writer_ask(PGconn *conn, const char *const params[3], struct error *err)
{
	return look(conn, STMT_FOLLOW_ASK, 3, params, err);
}

/* Of follow_look.sql and follow_ask.sql. */
static struct writer_seen seen_in(const PGresult *res)
{
	struct writer_seen seen = {.op = strtoull(PQgetvalue(res, 0, 0), NULL, 10),
		.request = strtoull(PQgetvalue(res, 0, 1), NULL, 10),
		.at = strtoll(PQgetvalue(res, 0, 2), NULL, 10)};

	if (PQnfields(res) > 3) {
		seen.settled = *PQgetvalue(res, 0, 3) == 't';
		seen.trusted = *PQgetvalue(res, 0, 4) == 't';
	}
	return seen;
}

enum writer_answer writer_asks(PGconn *conn, struct writer_seen *seen)
{
	enum writer_answer answer = WRITER_NONE;
	PGresult *res;

	*seen = (struct writer_seen){0};
	if (!PQconsumeInput(conn))
		return WRITER_LOST;
	if (PQisBusy(conn))
		return WRITER_WAITS;
	while ((res = PQgetResult(conn))) {
		if (PQresultStatus(res) != PGRES_TUPLES_OK)
			answer = WRITER_LOST;
		else if (PQfnumber(res, "asked") == 0)
			answer = *PQgetvalue(res, 0, 0) != 't'   ? WRITER_NONE
				 : *PQgetvalue(res, 0, 1) == 't' ? WRITER_MOVES
								 : WRITER_ASKS;
		else
			*seen = seen_in(res);
		PQclear(res);
	}
	return answer;
}

/* The last column of what was touched. */
#define COL_NAMELESS 5

bool writer_nameless(const PGresult *touched)
{
	for (int i = 0; i < PQntuples(touched); i++)
		if (*PQgetvalue(touched, i, COL_NAMELESS))
			return true;
	return false;
}

bool writer_changed(
	PGconn *conn, uint64_t since, bool orphans, struct foreign *f, struct error *err)
{
	char op[24];
	const char *params[] = {op};

	snprintf(op, sizeof(op), "%" PRIu64, since);
	f->touched =
		PQexecPrepared(conn, statements[STMT_WRITE_TOUCHED].name, 1, params, NULL, NULL, 1);
	if (PQresultStatus(f->touched) != PGRES_TUPLES_OK)
		db_error(conn, f->touched, "cannot read what was changed by SQL", err);
	else if (!orphans || !writer_nameless(f->touched) ||
		 (f->orphans = orphans_read(conn, since, err)))
		return true;
	PQclear(f->touched);
	f->touched = NULL;
	return false;
}
