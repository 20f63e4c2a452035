#include "control/writer.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/orphans.h"
#include "db/conn.h"

#define MS INT64_C(1000000)

/* While a transaction has the right, it is looked as often whether somebody waits for that. */
#define LOOK_MS 100

/* Between tries to end it, and to take the right back. */
#define AGAIN_MS 3000

/* The right while it is lent; of the drain's thread. */
struct loan {
	struct writer *writer;
	PGconn *conn;    /* the drain's */
	PGconn *hurrier; /* has told the transaction to end; NULL: it has had no reason to */
	int64_t due;     /* when to tell it, and to end it; monotonic, nanoseconds */
};

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

static bool any_nameless(const PGresult *touched)
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
	else if (!orphans || !any_nameless(f->touched) ||
		 (f->orphans = orphans_read(conn, since, err)))
		return true;
	PQclear(f->touched);
	f->touched = NULL;
	return false;
}

/* Changes on the mount have waited for long enough: first the transaction is told so, then its
 * session is ended. */
static void hurry(struct loan *l)
{
	struct error err;
	PGresult *res = NULL;

	l->due = clock_mono_ns() + AGAIN_MS * MS;
	if (!l->hurrier)
		l->hurrier = db_connect(l->writer->conninfo, "thulefs writer", &err);
	if (l->hurrier)
		res = db_query(l->hurrier, "select thule_internal.write_hurry()", 0, NULL, &err);
	if (!res)
		log_warn("cannot end a SQL transaction that changes wait for: %s", err.text);
	else if (!PQgetisnull(res, 0, 0))
		log_warn("%s", PQgetvalue(res, 0, 0));
	PQclear(res);
	if (!res) {
		PQfinish(l->hurrier);
		l->hurrier = NULL;
	}
}

/* Takes the answer to what was sent, a number, 0 for none. False with *err set when it is an error.
 */
static bool answered(PGconn *conn, uint64_t *number, struct error *err)
{
	bool ok = true;
	PGresult *res;

	*number = 0;
	while ((res = PQgetResult(conn))) {
		ExecStatusType status = PQresultStatus(res);

		if (ok && status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
			ok = db_error(conn, res, "cannot have the right to write", err);
		else if (status == PGRES_TUPLES_OK && PQntuples(res) == 1)
			*number = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
		PQclear(res);
	}
	return ok;
}

/* Has the server perform a command of the drain's, and meanwhile calls tick from time to time. */
static bool wait_for(struct loan *l, const char *sql, void (*tick)(struct loan *l),
	uint64_t *number, struct error *err)
{
	struct pollfd p = {.fd = PQsocket(l->conn), .events = POLLIN};

	if (!PQsendQuery(l->conn, sql))
		return db_error(l->conn, NULL, "cannot wait for the right to write", err);
	while (PQisBusy(l->conn)) {
		poll(&p, 1, LOOK_MS);
		if (!PQconsumeInput(l->conn))
			break;
		if (PQisBusy(l->conn))
			tick(l);
	}
	return answered(l->conn, number, err);
}

static void tick_lent(struct loan *l)
{
	if (clock_mono_ns() >= l->due && journal_pressed(l->writer->fs->journal))
		hurry(l);
}

/* The transaction that failed, if there is one, ends. */
static bool give_up(PGconn *conn)
{
	if (PQtransactionStatus(conn) > PQTRANS_ACTIVE)
		db_exec(conn, "rollback", NULL);
	return false;
}

/*
 * Waits for the end of the transaction, by its lock: whoever waits for that is the next to have it,
 * and is woken at once. False with *err set, when it is to be tried again, or the session is lost.
 * What is waited for comes first, and what follows it is one message to the server.
 */
static bool take_back(struct loan *l, struct error *err)
{
	uint64_t back;

	if (!wait_for(
		    l, "begin; lock table thule.lease in row share mode", tick_lent, &back, err) ||
		!wait_for(l, "select thule_internal.write_regain()::integer; commit", tick_lent,
			&back, err))
		return give_up(l->conn);
	l->writer->moved = !back;
	return true;
}

/* Runs on the drain's thread, with the journal empty and quiesced. */
static bool lend(void *arg, PGconn *conn, struct error *err)
{
	struct loan l = {.writer = arg, .conn = conn};
	PGresult *res;
	bool ok;

	pthread_mutex_lock(&l.writer->fs->lock);
	l.writer->since = journal_next_op(l.writer->fs->journal) - 1;
	pthread_mutex_unlock(&l.writer->fs->lock);
	res = db_query(conn,
		"select (extract(epoch from thule_internal.write_limit()) * 1000)::bigint,"
		" (extract(epoch from statement_timestamp()) * 1000000)::bigint,"
		" thule_internal.write_lend()",
		0, NULL, err);
	if (!res)
		return false;
	l.due = clock_mono_ns() + strtoll(PQgetvalue(res, 0, 0), NULL, 10) * MS;
	l.writer->lent_at = strtoll(PQgetvalue(res, 0, 1), NULL, 10);
	PQclear(res);
	/* Nothing may be committed before the right is back, or the session is lost. */
	while (!(ok = take_back(&l, err)) && PQstatus(conn) == CONNECTION_OK) {
		log_warn("%s; trying again", err->text);
		poll(NULL, 0, AGAIN_MS);
	}
	PQfinish(l.hurrier);
	if (ok && l.writer->moved)
		journal_follow(l.writer->fs->journal, true);
	return ok;
}

static void tick_taking(struct loan *l)
{
	char text[256];
	PGcancel *cancel;

	if (!journal_ends(l->writer->fs->journal) || !(cancel = PQgetCancel(l->conn)))
		return;
	PQcancel(cancel, text, sizeof(text));
	PQfreeCancel(cancel);
}

/*
 * Runs on the drain's thread, with the journal empty and quiesced. Who has the lease is told in a
 * transaction before, since a NOTIFY is sent with its commit (and fails where the server's queue is
 * full), and looks for this one then. Neither need be on the disk: with the server all sessions
 * end, and nobody has the lease; and whatever is committed later is flushed with what was before.
 */
static bool take(void *arg, PGconn *conn, struct error *err)
{
	struct loan l = {.writer = arg, .conn = conn};
	char sql[400];
	uint64_t got;

	snprintf(sql, sizeof(sql),
		"begin; set local synchronous_commit = off; "
		"select pg_notify('" WRITER_TURN "', '') where pg_notification_queue_usage() < "
		"0.5; commit; "
		"begin; set local synchronous_commit = off; "
		"select thule_internal.lease_move(%" PRIu64
		", interval '5 s', %s)::integer; commit",
		l.writer->mount, l.writer->free ? "true" : "false");
	if (!wait_for(&l, sql, tick_taking, &got, err))
		return give_up(conn);
	if (!got)
		return error_set(err, ERR_BUSY, "another session has the lease");
	journal_follow(l.writer->fs->journal, false);
	return true;
}

bool writer_take(struct writer *w, struct journal_marks *marks, struct error *err)
{
	return journal_lend(w->fs->journal, take, w, marks, err);
}

bool writer_lend(struct writer *w, struct journal_marks *marks, struct error *err)
{
	return journal_lend(w->fs->journal, lend, w, marks, err);
}
