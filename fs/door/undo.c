#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "db/conn.h"
#include "door/door_impl.h"

/* Between looks at the state of a request, and at whether its answer was announced. */
#define LOOK_MS 200
/* An answer that is there may be announced so much later: the kernel's caches are dropped first. */
#define ANNOUNCED_MS 10000

enum { PARAMS = 15 };

/* The process that asks, as the kernel knows it; what cannot be known is left out. */
struct asker {
	char pid[16], start_time[24], ppid[16], uid[16], gid[16], loginuid[24];
	struct actor *actor;
};

static const char *text_or_null(const char *text)
{
	return text && *text ? text : NULL;
}

static bool find_asker(const struct session *s, struct asker *a)
{
	const struct peer *p = &s->peer;

	a->actor = actor_get(s->door->config.actors, p->pid, p->uid, p->gid);
	if (!a->actor)
		return false;
	snprintf(a->pid, sizeof(a->pid), "%d", a->actor->pid);
	snprintf(a->start_time, sizeof(a->start_time), "%" PRIu64, a->actor->start_time);
	snprintf(a->ppid, sizeof(a->ppid), "%d", a->actor->ppid);
	snprintf(a->uid, sizeof(a->uid), "%u", p->uid);
	snprintf(a->gid, sizeof(a->gid), "%u", p->gid);
	*a->loginuid = '\0';
	if (a->actor->loginuid >= 0)
		snprintf(a->loginuid, sizeof(a->loginuid), "%" PRId64, a->actor->loginuid);
	return true;
}

/* Inserts the request for the holder of the lease. *id is its id. False: *res says why. */
static bool insert(struct session *s, PGconn *conn, const char *args, char id[24], PGresult **res)
{
	const struct host *h = s->door->config.host;
	struct asker a;

	*res = NULL;
	if (!find_asker(s, &a))
		return false;
	const char *params[PARAMS] = {args, h->name, h->boot_id, a.pid, a.start_time, a.ppid, a.uid,
		a.gid, text_or_null(a.loginuid), text_or_null(a.actor->exe),
		text_or_null(a.actor->comm), text_or_null(a.actor->cmdline),
		text_or_null(a.actor->cgroup), text_or_null(a.actor->username), s->viewer};
	*res = session_query(s, conn, statements[STMT_DOOR_UNDO].text, PARAMS, params);
	actor_unref(a.actor);
	if (PQresultStatus(*res) != PGRES_TUPLES_OK)
		return false;
	snprintf(id, 24, "%s", PQgetvalue(*res, 0, 0));
	return true;
}

/* Checks, without quiescing the mount, whether it may be done, and how long it takes. False: *res
 * says why not, or is NULL as of session_query(). */
static bool check(struct session *s, PGconn *conn, const char *args, PGresult **res)
{
	const char *params[] = {args, s->viewer};
	bool ok;

	*res = NULL;
	if (!session_begin(conn, DOOR_UNDOES))
		return false;
	*res = session_query(s, conn, statements[STMT_DOOR_UNDO_CHECK].text, 2, params);
	ok = PQresultStatus(*res) == PGRES_TUPLES_OK;
	if (*res && !db_exec(conn, "rollback", NULL))
		return false;
	return ok;
}

/* Takes back a request that nobody has begun. */
static bool take_back(PGconn *conn, enum stmt stmt, const char *id)
{
	PGresult *res = PQexecParams(conn, statements[stmt].text, 1, NULL, &id, NULL, NULL, 0);
	bool taken = PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res) == 1;

	PQclear(res);
	return taken;
}

/* Waits a while. *announced: the answer to request `id` was. False: the client is gone, or it is
 * time to end. */
static bool wait_a_while(struct session *s, PGconn *conn, const char *id, bool *announced)
{
	struct pollfd p[3] = {
		{.fd = PQsocket(conn), .events = POLLIN},
		{.fd = s->fd, .events = POLLRDHUP},
		{.fd = s->door->stop_fd, .events = POLLIN},
	};
	PGnotify *n;

	poll(p, 3, LOOK_MS);
	if (p[0].revents && PQconsumeInput(conn))
		while ((n = PQnotifies(conn))) {
			*announced = *announced || !strcmp(n->extra, id);
			PQfreemem(n);
		}
	return !p[1].revents && !p[2].revents;
}

/* Appends the answer in the columns that a client expects of one value. */
static void say(struct session *s, const char *result)
{
	PGresult *res = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc column = {
		.name = (char[]){"result"}, .typid = 25, .typlen = -1, .atttypmod = -1};

	PQsetResultAttrs(res, 1, &column);
	PQsetvalue(res, 0, 0, (char *)result, (int)strlen(result));
	wire_add_columns(&s->out, res);
	wire_add_row(&s->out, res, 0);
	wire_add_complete(&s->out);
	PQclear(res);
}

/* The outcome of a request. */
enum fate { WAITS, DONE, GONE };

static enum fate look(struct session *s, PGconn *conn, const char *id, char **result)
{
	PGresult *res = session_query(s, conn, statements[STMT_REQUEST_STATE].text, 1, &id);
	enum fate fate = DONE;

	if (!res)
		fate = GONE;
	else if (PQresultStatus(res) != PGRES_TUPLES_OK)
		session_refuse(s, res);
	else if (PQntuples(res) == 0)
		wire_add_error(&s->out, false, "P0002", "the request was taken back by root", NULL);
	else if (PQgetvalue(res, 0, 0)[0] == 't' && !PQgetisnull(res, 0, 1))
		wire_add_error(&s->out, false, "P0002", PQgetvalue(res, 0, 1), NULL);
	else if (PQgetvalue(res, 0, 0)[0] == 't')
		*result = xmemdup(PQgetvalue(res, 0, 2), (size_t)PQgetlength(res, 0, 2) + 1);
	else if (PQgetvalue(res, 0, 3)[0] != 't' && take_back(conn, STMT_REQUEST_WITHDRAW, id))
		wire_add_error(&s->out, false, "55006",
			"the mount lost its lease on the database: nothing was undone", NULL);
	else
		fate = WAITS;
	PQclear(res);
	return fate;
}

/* Waits for the answer and appends it. False when the client is gone; a request that was not begun
 * by then is taken back. */
static bool wait_for_answer(struct session *s, PGconn *conn, const char *id)
{
	bool announced = false, there = true;
	char *result = NULL;
	enum fate fate;
	int64_t end_ns;

	while ((fate = look(s, conn, id, &result)) == WAITS && there)
		there = wait_a_while(s, conn, id, &announced);
	if (fate != DONE || !there) {
		take_back(conn, STMT_REQUEST_CANCEL, id);
		free(result);
		return false;
	}
	end_ns = clock_mono_ns() + (int64_t)ANNOUNCED_MS * 1000000;
	while (result && !announced && there && clock_mono_ns() < end_ns)
		there = wait_a_while(s, conn, id, &announced);
	if (result)
		say(s, result);
	free(result);
	return there;
}

bool session_undo(struct session *s, PGconn *conn, const char *args)
{
	const char *params[1];
	PGresult *res;
	char id[24];
	bool there = true;

	wire_add_bound(&s->out);
	if (!check(s, conn, args, &res) || !db_exec(conn, "listen thule_done", NULL)) {
		session_refuse(s, res);
		PQclear(res);
		return true;
	}
	PQclear(res);
	if (insert(s, conn, args, id, &res)) {
		params[0] = id;
		PQclear(db_query(conn, statements[STMT_REQUEST_NOTIFY].text, 1, params, NULL));
		there = wait_for_answer(s, conn, id);
	} else {
		session_refuse(s, res);
	}
	PQclear(res);
	if (PQtransactionStatus(conn) == PQTRANS_IDLE)
		db_exec(conn, "unlisten *", NULL);
	return there;
}
