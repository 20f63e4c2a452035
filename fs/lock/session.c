#include "lock/session.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "db/conn.h"

/* An answer that has not come by then takes its time; after so many times that nobody waits for it
 * who ends. */
#define LATE_MS  1000
#define LATE_MAX 5

enum { SET_PARAMS = 9, TEST_PARAMS = 6, MAX_PARAMS = 9 };

static const char *const truth[] = {"f", "t"};

/* Numbers as text, for parameters. */
struct number {
	char text[24];
};

static const char *number(struct number *n, int64_t value)
{
	snprintf(n->text, sizeof(n->text), "%" PRId64, value);
	return n->text;
}

/* Waits for the connection to have something to say. False when it is time to end. */
static bool await(struct lock_session *s)
{
	struct pollfd p[] = {
		{.fd = PQsocket(s->conn), .events = POLLIN}, {.fd = s->wake_fd, .events = POLLIN}};
	unsigned int waited = 0, late = 0;

	for (;;) {
		/* Whoever wakes the thread for another reason is looked at when this is over. */
		int n = poll(p, atomic_load(s->stop) || waited ? 1 : 2, LATE_MS);

		if (p[0].revents)
			return true;
		late += n == 0;
		if (atomic_load(s->stop) && late >= LATE_MAX)
			return false;
		if (n == 0 && s->late)
			s->late(s->arg);
		waited++;
	}
}

/* Asks one question. NULL when the session is lost; else the answer, which may be an error. */
static PGresult *ask(struct lock_session *s, enum stmt stmt, int n, const char *const *values)
{
	PGresult *res = NULL, *next;

	if (!PQsendQueryPrepared(s->conn, statements[stmt].name, n, values, NULL, NULL, 0))
		return NULL;
	for (;;) {
		if (PQisBusy(s->conn)) {
			if (await(s) && PQconsumeInput(s->conn))
				continue;
			PQclear(res);
			return NULL;
		}
		next = PQgetResult(s->conn);
		if (!next)
			break;
		PQclear(res);
		res = next;
	}
	if (PQstatus(s->conn) == CONNECTION_OK)
		return res;
	PQclear(res);
	return NULL;
}

/* What an answer without rows means, after which it is cleared. */
static enum lock_outcome refused(struct lock_session *s, PGresult *res)
{
	struct error err;

	if (!res)
		return LOCK_LOST;
	db_error(s->conn, res, "the database refused a lock on a file", &err);
	PQclear(res);
	log_warn("%s", err.text);
	return err.class == ERR_UNREACHABLE ? LOCK_LOST : LOCK_REFUSED;
}

static bool prepare(PGconn *conn, struct error *err)
{
	return db_exec(conn, "listen thule_lock", err) && db_prepare(conn, STMT_LOCK_BEGIN, err) &&
	       db_prepare(conn, STMT_LOCK_SET, err) && db_prepare(conn, STMT_LOCK_TEST, err) &&
	       db_prepare(conn, STMT_LOCK_LEAVE, err);
}

bool lock_session_begin(struct lock_session *s, bool *kept, struct error *err)
{
	struct number mount, lost;
	const char *values[] = {
		number(&mount, (int64_t)s->mount), s->number ? number(&lost, s->number) : NULL};
	PGresult *res = NULL;
	bool ok;

	s->conn = db_connect(s->conninfo, "thulefs locks", err);
	if (!s->conn)
		return false;
	ok = prepare(s->conn, err);
	if (ok) {
		res = ask(s, STMT_LOCK_BEGIN, 2, values);
		ok = res && PQresultStatus(res) == PGRES_TUPLES_OK;
		if (!ok)
			db_error(s->conn, res, "cannot begin a session for locks", err);
	}
	if (ok) {
		s->number = atol(PQgetvalue(res, 0, 0));
		*kept = atol(PQgetvalue(res, 0, 1));
	} else {
		lock_session_drop(s);
	}
	PQclear(res);
	return ok;
}

static enum lock_outcome outcome_of(const char *word)
{
	static const char *const words[] = {[LOCK_DONE] = "done",
		[LOCK_CONFLICT] = "conflict",
		[LOCK_WAITS] = "waits",
		[LOCK_CIRCLE] = "circle",
		[LOCK_REFUSED] = "refused"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i], word))
			return (enum lock_outcome)i;
	return LOCK_LOST;
}

enum lock_outcome lock_session_set(
	struct lock_session *s, const struct lock *lock, int64_t request, bool *held)
{
	struct number n[7];
	const char *values[SET_PARAMS] = {number(&n[0], s->number),
		number(&n[1], (int64_t)lock->ino), truth[lock->flock],
		number(&n[2], (int64_t)lock->owner),
		lock->mode == LOCK_NONE ? NULL : truth[lock->mode == LOCK_EXCLUSIVE],
		number(&n[3], lock->first), number(&n[4], lock->last),
		lock->pid ? number(&n[5], lock->pid) : NULL,
		request ? number(&n[6], request) : NULL};
	PGresult *res = ask(s, STMT_LOCK_SET, SET_PARAMS, values);
	enum lock_outcome outcome;

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		return refused(s, res);
	outcome = outcome_of(PQgetvalue(res, 0, 0));
	*held = atol(PQgetvalue(res, 0, 1));
	PQclear(res);
	return outcome;
}

enum lock_outcome lock_session_test(struct lock_session *s, struct lock *lock)
{
	struct number n[5];
	const char *values[TEST_PARAMS] = {number(&n[0], s->number),
		number(&n[1], (int64_t)lock->ino), number(&n[2], (int64_t)lock->owner),
		truth[lock->mode == LOCK_EXCLUSIVE], number(&n[3], lock->first),
		number(&n[4], lock->last)};
	PGresult *res = ask(s, STMT_LOCK_TEST, TEST_PARAMS, values);

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		return refused(s, res);
	lock->mode = LOCK_NONE;
	if (PQntuples(res)) {
		lock->mode = atol(PQgetvalue(res, 0, 0)) ? LOCK_EXCLUSIVE : LOCK_SHARED;
		lock->first = strtoll(PQgetvalue(res, 0, 1), NULL, 10);
		lock->last = strtoll(PQgetvalue(res, 0, 2), NULL, 10);
		lock->pid = (int32_t)atol(PQgetvalue(res, 0, 3));
	}
	PQclear(res);
	return LOCK_DONE;
}

enum lock_outcome lock_session_leave(struct lock_session *s, int64_t request)
{
	struct number n[2];
	const char *values[] = {number(&n[0], s->number), request ? number(&n[1], request) : NULL};
	PGresult *res = ask(s, STMT_LOCK_LEAVE, 2, values);

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		return refused(s, res);
	PQclear(res);
	return LOCK_DONE;
}

bool lock_session_released(struct lock_session *s, void (*fn)(void *arg, uint64_t ino), void *arg)
{
	PGnotify *n;

	if (!PQconsumeInput(s->conn))
		return false;
	while ((n = PQnotifies(s->conn))) {
		fn(arg, strtoull(n->extra, NULL, 10));
		PQfreemem(n);
	}
	return PQstatus(s->conn) == CONNECTION_OK;
}

void lock_session_drop(struct lock_session *s)
{
	PQfinish(s->conn);
	s->conn = NULL;
}

void lock_session_end(struct lock_session *s)
{
	if (s->conn)
		lock_session_leave(s, 0);
	lock_session_drop(s);
}
