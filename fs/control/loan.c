#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/quotas.h"
#include "control/writer.h"
#include "db/conn.h"

/*
 * What the drain's session does while the right to write is lent, or taken over, with the journal
 * empty and quiesced. All that is asked goes in one message, with what the mount has to know
 * before its changes go on: a round trip, where two hosts take turns, is a tenth of a turn.
 */

#define MS INT64_C(1000000)

/* While a transaction has the right, it is looked as often whether somebody waits for that. */
#define LOOK_MS 100

/* Between tries to end it, and to take the right back. */
#define AGAIN_MS 3000

/* Ended by STMT_NONE. The right is lent, and when it is back it is asked what is different. */
#define STMT_NONE STMT_COUNT
static const enum stmt lending[] = {STMT_WRITE_LEND, STMT_WRITE_REGAIN, STMT_LEASE_MARKS,
	STMT_WRITE_TOUCHED, STMT_QUOTA_READ, STMT_NONE};

/* Who has the lease is told before in a transaction of its own, since a NOTIFY is sent with its
 * commit, and looks for this one then. */
static const enum stmt taking[] = {STMT_LEASE_ASK, STMT_LEASE_MOVE, STMT_LEASE_MARKS,
	STMT_WRITE_TOUCHED, STMT_QUOTA_READ, STMT_NONE};

/* The right while it is lent, or asked for; of the drain's thread. */
struct loan {
	struct writer *writer;
	PGconn *conn;    /* the drain's */
	PGconn *hurrier; /* has told the transaction to end; NULL: it has had no reason to */
	int64_t due;     /* when to tell it, and to end it; monotonic, ns; 0: nothing is lent yet */
	bool got;        /* this session has the right, or has it back */
	struct database_progress marks;
};

static bool send(struct loan *l, enum stmt stmt)
{
	const struct writer *w = l->writer;
	char mount[24], since[24];
	const char *moves[] = {mount, w->free ? "true" : "false"}, *touched[] = {since};
	bool binary = stmt == STMT_WRITE_TOUCHED || stmt == STMT_QUOTA_READ;
	int n = stmt == STMT_LEASE_MOVE ? 2 : stmt == STMT_WRITE_TOUCHED;

	snprintf(mount, sizeof(mount), "%" PRIu64, w->mount);
	snprintf(since, sizeof(since), "%" PRIu64, w->since);
	if (!PQsendQueryPrepared(l->conn, statements[stmt].name, n, n == 2 ? moves : touched, NULL,
		    NULL, binary))
		return false;
	/* What comes next waits, and this is to be known here, or to others, before. */
	if (stmt == STMT_WRITE_LEND)
		return PQsendFlushRequest(l->conn);
	return stmt != STMT_LEASE_ASK || PQpipelineSync(l->conn);
}

static bool send_all(struct loan *l, const enum stmt *stmts)
{
	if (!PQenterPipelineMode(l->conn))
		return false;
	for (; *stmts != STMT_NONE; stmts++)
		if (!send(l, *stmts))
			return false;
	return PQpipelineSync(l->conn);
}

static uint64_t number(const PGresult *res, int column)
{
	return strtoull(PQgetvalue(res, 0, column), NULL, 10);
}

static void take_lent(struct loan *l, const PGresult *res)
{
	l->due = clock_mono_ns() + (int64_t)number(res, 0) * MS;
	l->writer->lent_at = (int64_t)number(res, 1);
	l->writer->request = number(res, 2);
}

static void take_marks(struct loan *l, const PGresult *res)
{
	l->marks = (struct database_progress){.next_op = number(res, 0),
		.next_ino = number(res, 1),
		.next_blob = number(res, 2),
		.at = (int64_t)number(res, 3)};
	l->writer->changed->request = number(res, 4);
}

/* Takes the answer to a statement. False with *err set when it is an error. */
static bool take(struct loan *l, enum stmt stmt, PGresult *res, struct error *err)
{
	struct foreign *f = l->writer->changed;
	bool ok = PQresultStatus(res) == PGRES_TUPLES_OK;

	if (!ok) {
		db_error(l->conn, res, "cannot have the right to write", err);
	} else if (stmt == STMT_WRITE_TOUCHED) {
		PQclear(f->touched);
		f->touched = res;
		return true;
	} else if (stmt == STMT_QUOTA_READ) {
		quotas_free(&f->quotas);
		ok = quotas_of(res, &f->quotas, err);
	} else if (stmt == STMT_WRITE_LEND) {
		take_lent(l, res);
	} else if (stmt == STMT_LEASE_MARKS) {
		take_marks(l, res);
	} else if (stmt != STMT_LEASE_ASK) {
		l->got = *PQgetvalue(res, 0, 0) == 't';
	}
	PQclear(res);
	return ok;
}

/* Waits for the next answer, and meanwhile calls tick from time to time. False: the session is
 * lost. */
static bool wait_for_answer(struct loan *l, void (*tick)(struct loan *l))
{
	struct pollfd p = {.fd = PQsocket(l->conn), .events = POLLIN};

	while (PQisBusy(l->conn)) {
		poll(&p, 1, LOOK_MS);
		if (!PQconsumeInput(l->conn))
			return false;
		if (PQisBusy(l->conn))
			tick(l);
	}
	return PQstatus(l->conn) == CONNECTION_OK;
}

/* Takes the answers up to the end of the message, which the one of STMT_LEASE_ASK does not end. */
static bool take_all(struct loan *l, const enum stmt *stmts, void (*tick)(struct loan *l),
	bool *complete, struct error *err)
{
	bool ok = true;

	*complete = false;
	while (!*complete && wait_for_answer(l, tick)) {
		PGresult *res = PQgetResult(l->conn);

		if (!res) {
			/* The answers to a statement end with this. */
			stmts += *stmts != STMT_NONE;
		} else if (PQresultStatus(res) == PGRES_PIPELINE_SYNC) {
			*complete = *stmts == STMT_NONE;
			PQclear(res);
		} else if (ok) {
			ok = take(l, *stmts, res, err);
		} else {
			PQclear(res);
		}
	}
	return ok;
}

/* Asks all of it in one message and takes the answers; one transaction, or none of it. False with
 * *err set. */
static bool ask(
	struct loan *l, const enum stmt *stmts, void (*tick)(struct loan *l), struct error *err)
{
	bool ok = true, complete = false;

	if (send_all(l, stmts))
		ok = take_all(l, stmts, tick, &complete, err);
	if (ok && !complete)
		ok = db_error(l->conn, NULL, "cannot wait for the right to write", err);
	PQexitPipelineMode(l->conn);
	return ok;
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

static void tick_lent(struct loan *l)
{
	if (l->due && clock_mono_ns() >= l->due && journal_pressed(l->writer->fs->journal))
		hurry(l);
}

/* That the right is back is waited for by the lock of the transaction that has it: whoever waits
 * for that is the next to have it, and is woken at once. */
static bool lend(void *arg, PGconn *conn, struct error *err)
{
	struct writer *w = arg;
	struct loan l = {.writer = w, .conn = conn};
	bool ok;

	pthread_mutex_lock(&w->fs->lock);
	w->since = journal_next_op(w->fs->journal) - 1;
	pthread_mutex_unlock(&w->fs->lock);
	ok = ask(&l, lending, tick_lent, err);
	/* Nothing may be committed before the right is back, or the session is lost. */
	while (!ok && l.due && PQstatus(conn) == CONNECTION_OK) {
		log_warn("%s; trying again", err->text);
		poll(NULL, 0, AGAIN_MS);
		ok = ask(&l, lending + 1, tick_lent, err);
	}
	PQfinish(l.hurrier);
	if (!ok)
		return false;
	w->moved = !l.got;
	if (w->moved)
		journal_follow(w->fs->journal, true);
	else
		journal_used(w->fs->journal, &l.marks);
	return true;
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
 * Neither transaction need be on the disk: with the server all sessions end, and nobody has the
 * lease; and whatever is committed later is flushed with what was before.
 */
static bool take_over(void *arg, PGconn *conn, struct error *err)
{
	struct writer *w = arg;
	struct loan l = {.writer = w, .conn = conn};

	if (!ask(&l, taking, tick_taking, err))
		return false;
	if (!l.got)
		return error_set(err, ERR_BUSY, "another session has the lease");
	journal_follow(w->fs->journal, false);
	journal_used(w->fs->journal, &l.marks);
	return true;
}

bool writer_take(struct writer *w, struct error *err)
{
	return journal_lend(w->fs->journal, take_over, w, &w->changed->marks, err);
}

bool writer_lend(struct writer *w, struct error *err)
{
	return journal_lend(w->fs->journal, lend, w, &w->changed->marks, err);
}
