#include "control/control.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "control/control_impl.h"
#include "control/foreign.h"
#include "control/published.h"
#include "control/quotas.h"
#include "control/writer.h"
#include "db/conn.h"
#include "op/access.h"

/* A row of thule.request while it is performed, and what the kernel has to drop after it. */
struct task {
	struct fs *fs;
	char id[24];
	/* Inodes, as the text of an array; nothing: other mounts have some, too. */
	struct buf opened;
	PGresult *touched; /* ino, parent, name, revived, stays */
};

/* One transaction: all of it, or nothing. The temporary table is thule_internal.perform()'s, see
 * sql/README.md. */
static bool perform(struct task *r, PGconn *conn, struct error *err)
{
	char now[24];
	const char *params[] = {r->id, r->opened.data, now};
	PGresult *res;

	if (!db_exec(conn, "begin; set local synchronous_commit = on", err))
		return false;
	snprintf(now, sizeof(now), "%" PRId64, clock_now_ns() / 1000);
	res = db_query(conn,
		"select thule_internal.perform($1::bigint, $2::bigint[],"
		" timestamptz 'epoch' + $3::bigint * interval '1 microsecond')",
		3, params, err);
	PQclear(res);
	if (!res)
		return false;
	r->touched =
		PQexecParams(conn, "select ino, parent, name, revived, stays from pg_temp.touched",
			0, NULL, NULL, NULL, NULL, 1);
	if (PQresultStatus(r->touched) != PGRES_TUPLES_OK)
		return db_error(conn, r->touched, "cannot read what was touched", err);
	return db_exec(conn, "commit", err);
}

static void add_opened(void *arg, struct handle *h)
{
	struct buf *b = arg;
	char text[24];
	int n = snprintf(text, sizeof(text), "%s%" PRIu64, b->len ? "," : "{", h->ino);

	buf_add(b, text, (size_t)n);
}

/* What is open stays open until changes go on: see need_unquiesced(). */
static void list_opened(struct task *r)
{
	bool shared;

	pthread_mutex_lock(&r->fs->lock);
	shared = r->fs->state.shared;
	if (!shared)
		handles_each(&r->fs->state, add_opened, &r->opened);
	pthread_mutex_unlock(&r->fs->lock);
	if (shared)
		return;
	if (!r->opened.len)
		buf_add(&r->opened, "{", 1);
	buf_add(&r->opened, "}", 2);
}

/* Runs on the drain's thread, with the journal empty and quiesced. */
static bool perform_job(void *arg, PGconn *conn, struct error *err)
{
	struct task *r = arg;

	quotas_verify(r->fs, conn);
	list_opened(r);
	if (perform(r, conn, err))
		return true;
	if (PQtransactionStatus(conn) > PQTRANS_ACTIVE)
		db_exec(conn, "rollback", NULL);
	return false;
}

static void say_failed(struct control *c, const struct task *r, const struct error *err)
{
	static const char ours[] = "the database refused a query: ";
	/* Who asked wants the reason, which thule_internal.perform() raised, and not how it came to
	 * us. */
	const char *why = err->text + (strncmp(err->text, ours, strlen(ours)) ? 0 : strlen(ours));
	const char *values[] = {r->id, why};

	PQclear(PQexecPrepared(
		c->conn, statements[STMT_REQUEST_FAILED].name, 2, values, NULL, NULL, 0));
}

/* Only now: who asked must not see through the kernel what was there before. */
static void say_done(struct control *c, const struct task *r)
{
	const char *id[] = {r->id};
	PGresult *res = db_query(c->conn, "select pg_notify('thule_done', $1)", 1, id, NULL);

	PQclear(res);
}

static void serve_request(struct control *c, const char *id)
{
	struct task r = {.fs = c->fs};
	struct foreign f = {0};
	struct error err;
	bool ok;

	strncpy(r.id, id, sizeof(r.id) - 1);
	if (c->fs->kept)
		kept_begin_foreign(c->fs->kept);
	ok = journal_exclusive(c->fs->journal, perform_job, &r, &f.marks, &err);
	/* Also after a failure: a connection that was lost may have committed. */
	f.touched = r.touched;
	f.quotas = wait_quotas(c);
	foreign_go_on(c->fs, c->kernel, &f);
	if (!ok) {
		log_warn("request %s: %s", id, err.text);
		/* The next mount performs it. */
		if (!journal_ends(c->fs->journal))
			say_failed(c, &r, &err);
	}
	say_done(c, &r);
	buf_free(&r.opened);
	PQclear(r.touched);
}

/* Serves what is pending. False when the connection is lost. */
static bool serve_pending(struct control *c)
{
	PGresult *res = PQexecPrepared(
		c->conn, statements[STMT_REQUEST_PENDING].name, 0, NULL, NULL, NULL, 0);
	bool ok = PQresultStatus(res) == PGRES_TUPLES_OK;

	for (int i = 0; ok && i < PQntuples(res); i++)
		serve_request(c, PQgetvalue(res, i, 0));
	PQclear(res);
	return ok;
}

/* Looks for atomic runs of this host that have lost their keeper. Returns whether it asked for the
 * undo of some. */
static bool watch_runs(struct control *c)
{
	bool asked = c->begun, found = false;
	struct error err;

	c->begun = false;
	if (!runs_watch(&c->runs, c->conn, &c->fs->host, asked, &found, &err) &&
		PQstatus(c->conn) == CONNECTION_OK)
		log_warn("%s", err.text);
	return found;
}

/* Of a mount that follows: who has the lease performs what is asked for, and knows nothing of the
 * processes of this host. */
static void serve_runs(struct control *c)
{
	const char *id[] = {""};

	if (!wait_is_asking(c) && watch_runs(c))
		PQclear(db_query(c->conn, statements[STMT_REQUEST_NOTIFY].text, 1, id, NULL));
}

/* What only the mount with the lease does: access times that have gathered, what is asked for, if
 * there may be any, and atomic runs that have lost their keeper. False when the connection is lost.
 */
static bool serve_asked(struct control *c)
{
	pthread_mutex_lock(&c->fs->lock);
	access_flush(c->fs);
	pthread_mutex_unlock(&c->fs->lock);
	if (c->asked && !serve_pending(c))
		return false;
	c->asked = false;
	return !watch_runs(c) || serve_pending(c);
}

/* In a successor, once libfuse knows the kernel: that drops what others changed while there was no
 * daemon, or one that followed. False when the connection is lost. */
static bool tell_kernel(struct control *c)
{
	struct foreign f = {.exact = true};
	struct error err;
	bool due;

	pthread_mutex_lock(&c->fs->lock);
	due = c->untold && c->fs->greeted && !wait_is_asking(c);
	pthread_mutex_unlock(&c->fs->lock);
	if (!due)
		return true;
	if (!writer_changed(c->conn, c->fs->kept_since, false, &f, &err))
		return false;
	invalidator_drop(c->invalidator, &f, NULL);
	pthread_mutex_lock(&c->fs->lock);
	c->untold = false;
	c->fs->invalidating--;
	foreign_told(c->fs);
	pthread_mutex_unlock(&c->fs->lock);
	return true;
}

/* One round while connected: access times that have gathered, what is asked for, if there may be
 * any, atomic runs that have lost their keeper, and what is live. */
static bool serve_round(struct control *c)
{
	struct error err;

	/* What others publish and ask is not for a daemon without the lease. */
	if (c->fenced)
		return wait_notified(c);
	if (!tell_kernel(c) || (!turns_follow(c) && !serve_asked(c)))
		return false;
	if (!c->conn)
		return false;
	if (c->follows)
		serve_runs(c);
	if (!c->looking && !live_step(c->live, c->conn, &err) && PQstatus(c->conn) == CONNECTION_OK)
		log_warn("%s", err.text);
	if (!wait_notified(c))
		return false;
	opens_serve(c, !wait_is_asking(c));
	return true;
}

/*
 * The lease is gone for good: what is in the state, and what the kernel has from it, may be wrong
 * by now, and is not shown any more. Without the state each request asks the reader, which refuses.
 */
static void fence(struct control *c)
{
	struct known known = {0};

	pthread_mutex_lock(&c->fs->lock);
	c->fenced = journal_failed(c->fs->journal);
	if (c->fenced) {
		foreign_list(&c->fs->state, &known);
		state_reload(&c->fs->state, journal_next_op(c->fs->journal));
	}
	pthread_mutex_unlock(&c->fs->lock);
	foreign_drop(c->kernel, &known);
}

/*
 * Between rounds; meanwhile it looks for those who write by SQL. On one session one question is on
 * its way at a time, and nobody waits for its answer. True when it is time to end.
 */
static bool wait_for_round(struct control *c)
{
	/* What is asked is for the mount that has the lease. */
	int64_t until = clock_mono_ns() + (c->asked && !c->follows ? 0 : LIVE_LOOK_MS * MS);

	for (;;) {
		bool looks = c->conn && !c->fenced && !wait_is_asking(c);
		int64_t look = looks ? turns_due(c) : until;
		/* Whoever looked for notifications may have received the answer with them. */
		bool here = c->looking && !PQisBusy(c->conn);
		enum rest how = here ? REST_WOKEN : wait_rest(c, look < until ? look : until);

		if (how == REST_STOP)
			return true;
		if (c->looking) {
			if (!turns_answer(c) || (c->asked && !c->follows) || c->looking ||
				opens_due(c))
				return false;
		} else if (how == REST_WOKEN || look >= until) {
			return false;
		} else {
			if (!turns_look(c))
				return false;
		}
	}
}

static void *control_main(void *arg)
{
	struct control *c = arg;
	int delay_ms = 10;

	for (;;) {
		if (!c->fenced)
			fence(c);
		journal_watch(c->fs->journal);
		if (!c->conn && !wait_listen(c, NULL)) {
			if (wait_briefly(c, delay_ms))
				return NULL;
			delay_ms = delay_ms < 1000 ? delay_ms * 2 : 1000;
			continue;
		}
		delay_ms = 10;
		if (!serve_round(c)) {
			PQfinish(c->conn);
			c->conn = NULL;
			/* What was asked while nobody listened. */
			c->asked = c->begun = true;
		}
		if (wait_for_round(c))
			return NULL;
	}
}

struct control *control_start(struct fs *fs, const char *conninfo, uint64_t mount,
	struct fuse_session *se, struct live *live, struct invalidator *invalidator,
	struct error *err)
{
	struct control *c = xcalloc(1, sizeof(*c));
	bool ok;

	c->fs = fs;
	c->mount = mount;
	c->shared = fs->state.shared;
	c->untold = fs->kept_since > 0;
	fs->invalidating += c->untold;
	c->invalidator = invalidator;
	c->live = live;
	live_serve(live, published_write);
	c->asked = c->begun = true;
	c->conninfo = strdup(conninfo);
	c->stop_fd = eventfd(0, EFD_CLOEXEC);
	c->kernel = apart_new(se, fs->kept != NULL);
	ok = c->stop_fd >= 0 && wait_listen(c, err);
	if (ok && pthread_create(&c->thread, NULL, control_main, c) == 0)
		return c;
	if (ok)
		error_sys(err, "cannot start a thread");
	PQfinish(c->conn);
	apart_free(c->kernel);
	free(c->conninfo);
	free(c);
	return NULL;
}

void control_stop(struct control *c)
{
	uint64_t one = 1;

	if (!c)
		return;
	/* The thread may wait for the drain, and that for a server that is away. */
	journal_refuse_jobs(c->fs->journal);
	/* The counter is at zero, so that this neither waits nor fails. */
	if (write(c->stop_fd, &one, sizeof(one)) < 0)
		log_error("cannot stop the control thread");
	pthread_join(c->thread, NULL);
	apart_free(c->kernel);
	turns_end(c);
	if (c->conn && !c->fenced && !c->follows)
		live_end(c->live, c->conn);
	PQfinish(c->conn);
	runs_watch_end(&c->runs);
	close(c->stop_fd);
	free(c->conninfo);
	free(c);
}
