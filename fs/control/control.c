#include "control/control.h"

#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "control/quotas.h"
#include "control/runs.h"
#include "db/conn.h"
#include "op/access.h"

#define MS INT64_C(1000000)

/* Those who follow the changes are told at most so often. */
#define TELL_REST_NS (10 * MS)

struct control {
	struct fs *fs;
	char *conninfo;
	struct fuse_session *session;
	struct live *live;
	struct runs_watch runs;
	PGconn *conn; /* listens; NULL while there is none */
	pthread_t thread;
	int stop_fd;     /* eventfd: readable once it is time to end */
	bool fenced;     /* the journal has failed, and nothing is known any more */
	bool asked;      /* there may be requests that are pending */
	int64_t told_at; /* when those who follow the changes were told of some last */
};

/* A row of thule.request while it is performed, and what the kernel has to drop after it. */
struct task {
	struct fs *fs;
	char id[24];
	struct buf opened; /* inodes, as the text of an array */
	PGresult *touched; /* ino, parent, name, revived */
};

/* Has the kernel forget the bytes that it has at the wrong place (inode_misplaced()). */
static void invalidate_misplaced(struct control *c)
{
	struct state *s = &c->fs->state;
	eventfd_t ignored;
	uint64_t *inos;
	size_t n;

	eventfd_read(c->fs->invalidate_fd, &ignored);
	pthread_mutex_lock(&c->fs->lock);
	inos = s->misplaced;
	n = s->misplaced_count;
	s->misplaced = NULL;
	s->misplaced_count = s->misplaced_cap = 0;
	for (size_t i = 0; i < n; i++) {
		struct inode *inode = inode_find(s, inos[i]);
		if (inode)
			inode->misplaced = false;
	}
	pthread_mutex_unlock(&c->fs->lock);
	for (size_t i = 0; i < n; i++)
		fuse_lowlevel_notify_inval_inode(c->session, inos[i], 0, 0);
	free(inos);
}

/* Notes what the server has said on its own. False when the connection is lost. */
static bool take_notifications(struct control *c)
{
	PGnotify *n;

	if (!PQconsumeInput(c->conn))
		return false;
	while ((n = PQnotifies(c->conn))) {
		c->asked = true;
		PQfreemem(n);
	}
	return true;
}

/* Tells those who LISTEN to thule_change. Not with each batch, in its transaction: the server would
 * let commits that notify take turns, and wake this session after each. */
static void tell_committed(struct control *c)
{
	eventfd_t ignored;
	char op[24];
	const char *values[] = {op};

	eventfd_read(c->fs->committed_fd, &ignored);
	pthread_mutex_lock(&c->fs->lock);
	c->fs->untold = false;
	snprintf(op, sizeof(op), "%" PRIu64, journal_committed(c->fs->journal));
	pthread_mutex_unlock(&c->fs->lock);
	PQclear(PQexecPrepared(
		c->conn, statements[STMT_COMMITTED_TELL].name, 1, values, NULL, NULL, 0));
	c->told_at = clock_mono_ns();
	take_notifications(c);
}

/* True when it is time to end; waits for that at most so long, or until the connection or the
 * kernel wants something. */
static bool wait_for_stop(struct control *c, int timeout_ms)
{
	int64_t until = clock_mono_ns() + timeout_ms * MS;
	bool asked = c->asked;
	struct pollfd p[4] = {
		{.fd = c->stop_fd, .events = POLLIN},
		{.fd = c->conn ? PQsocket(c->conn) : -1, .events = POLLIN},
		{.fd = c->fs->invalidate_fd, .events = POLLIN},
		{.events = POLLIN},
	};

	for (;;) {
		int64_t now = clock_mono_ns(), due = c->told_at + TELL_REST_NS;
		int64_t end = now < due && due < until ? due : until;

		p[3].fd = c->conn && !c->fenced && now >= due ? c->fs->committed_fd : -1;
		poll(p, 4, now < end ? (int)((end - now) / MS + 1) : 0);
		if (p[2].revents)
			invalidate_misplaced(c);
		if (p[0].revents)
			return true;
		if (p[3].revents)
			tell_committed(c);
		if (p[1].revents || p[2].revents || c->asked != asked || clock_mono_ns() >= until)
			return false;
	}
}

static bool listen_to(struct control *c, struct error *err)
{
	c->conn = db_connect(c->conninfo, "thulefs control", err);
	if (c->conn && db_exec(c->conn, "listen thule_request", err) &&
		db_prepare(c->conn, STMT_REQUEST_PENDING, err) &&
		db_prepare(c->conn, STMT_COMMITTED_TELL, err) &&
		db_prepare(c->conn, STMT_REQUEST_FAILED, err)) {
		live_connected(c->live);
		return true;
	}
	PQfinish(c->conn);
	c->conn = NULL;
	return false;
}

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
	r->touched = PQexecParams(conn, "select ino, parent, name, revived from pg_temp.touched", 0,
		NULL, NULL, NULL, NULL, 1);
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
	pthread_mutex_lock(&r->fs->lock);
	handles_each(&r->fs->state, add_opened, &r->opened);
	pthread_mutex_unlock(&r->fs->lock);
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

/*
 * The kernel drops what it remembers of what was changed. Without any lock of ours: the kernel may
 * have to finish a request of the same directory before it can do that.
 */
static void invalidate(struct control *c, const PGresult *touched)
{
	for (int i = 0; touched && i < PQntuples(touched); i++) {
		if (!PQgetisnull(touched, i, 0))
			fuse_lowlevel_notify_inval_inode(
				c->session, (fuse_ino_t)row_int(touched, i, 0), 0, 0);
		if (!PQgetisnull(touched, i, 1) && !PQgetisnull(touched, i, 2))
			fuse_lowlevel_notify_inval_entry(c->session,
				(fuse_ino_t)row_int(touched, i, 1), PQgetvalue(touched, i, 2),
				(size_t)PQgetlength(touched, i, 2));
	}
}

/* Until it succeeds, as nobody else could say what is used now; or it is time to end. */
static struct quota *read_quotas(struct control *c)
{
	struct quota *quotas = NULL;
	struct error err;

	while (!c->conn || !quotas_read(c->conn, &quotas, &err)) {
		if (c->conn)
			log_warn("%s", err.text);
		PQfinish(c->conn);
		c->conn = NULL;
		if (wait_for_stop(c, 200))
			break;
		listen_to(c, NULL);
	}
	return quotas;
}

/* Under the lock, after state_reload(). */
static void revive(struct fs *fs, const PGresult *touched, uint64_t next_op)
{
	for (int i = 0; touched && i < PQntuples(touched); i++)
		if (*PQgetvalue(touched, i, 3))
			state_revive(&fs->state, (uint64_t)row_int(touched, i, 0), next_op);
}

static void serve_request(struct control *c, const char *id)
{
	struct task r = {.fs = c->fs};
	struct quota *quotas;
	struct journal_marks marks;
	struct error err;
	bool ok;

	strncpy(r.id, id, sizeof(r.id) - 1);
	if (c->fs->kept)
		kept_begin_foreign(c->fs->kept);
	ok = journal_exclusive(c->fs->journal, perform_job, &r, &marks, &err);
	quotas = read_quotas(c);
	pthread_mutex_lock(&c->fs->lock);
	/* Also after a failure: a connection that was lost may have committed. */
	state_reload(&c->fs->state, marks.next_op);
	revive(c->fs, r.touched, marks.next_op);
	quotas_take(c->fs, quotas);
	if (marks.next_ino > c->fs->next_ino)
		c->fs->next_ino = marks.next_ino;
	c->fs->invalidating = true;
	journal_resume(c->fs->journal);
	pthread_mutex_unlock(&c->fs->lock);
	invalidate(c, r.touched);
	if (!ok) {
		log_warn("request %s: %s", id, err.text);
		say_failed(c, &r, &err);
	}
	pthread_mutex_lock(&c->fs->lock);
	c->fs->invalidating = false;
	if (c->fs->kept)
		kept_end_foreign(c->fs->kept, journal_next_op(c->fs->journal) - 1);
	pthread_mutex_unlock(&c->fs->lock);
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

/* One round while connected: access times that have gathered, what is asked for, if there may be
 * any, atomic runs that have lost their keeper, and what is live. */
static bool serve_round(struct control *c)
{
	bool was_asked = c->asked, found = false;
	struct error err;

	/* What others publish and ask is not for a daemon without the lease. */
	if (c->fenced)
		return take_notifications(c);
	pthread_mutex_lock(&c->fs->lock);
	access_flush(c->fs);
	pthread_mutex_unlock(&c->fs->lock);
	if (c->asked && !serve_pending(c))
		return false;
	c->asked = false;
	if (!runs_watch(&c->runs, c->conn, &c->fs->host, was_asked, &found, &err) &&
		PQstatus(c->conn) == CONNECTION_OK)
		log_warn("%s", err.text);
	if (found && !serve_pending(c))
		return false;
	if (!live_step(c->live, c->conn, &err) && PQstatus(c->conn) == CONNECTION_OK)
		log_warn("%s", err.text);
	return take_notifications(c);
}

/* What the kernel may have of the state: inodes, then pairs of a directory and a name. */
struct known {
	uint64_t *inos;
	size_t count;
	struct buf names; /* each: number of the directory, a NUL-terminated name */
};

/* Under the lock. */
static void list_known(const struct state *s, struct known *k)
{
	const struct dirent_node *d;
	const struct inode *inode;
	size_t at = 0, next = 0;

	k->inos = xcalloc(s->inodes.count + 1, sizeof(k->inos[0]));
	while ((inode = table_next(&s->inodes, &at)))
		k->inos[k->count++] = inode->ino;
	while ((d = table_next(&s->dirents, &next))) {
		buf_add(&k->names, &d->parent, sizeof(d->parent));
		buf_add(&k->names, d->name, d->name_len);
		buf_add(&k->names, "", 1);
	}
}

/* Without the lock, see invalidate(). To drop a directory's name is to drop all below it, too. */
static void drop_known(struct control *c, const struct known *k)
{
	size_t at = 0;

	while (at < k->names.len) {
		const char *name = k->names.data + at + sizeof(uint64_t);
		uint64_t parent;

		memcpy(&parent, k->names.data + at, sizeof(parent));
		fuse_lowlevel_notify_inval_entry(c->session, parent, name, strlen(name));
		at += sizeof(parent) + strlen(name) + 1;
	}
	for (size_t i = 0; i < k->count; i++)
		fuse_lowlevel_notify_inval_inode(c->session, k->inos[i], 0, 0);
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
		list_known(&c->fs->state, &known);
		state_reload(&c->fs->state, journal_next_op(c->fs->journal));
	}
	pthread_mutex_unlock(&c->fs->lock);
	drop_known(c, &known);
	free(known.inos);
	buf_free(&known.names);
}

static void *control_main(void *arg)
{
	struct control *c = arg;
	int delay_ms = 10;

	for (;;) {
		if (!c->fenced)
			fence(c);
		journal_watch(c->fs->journal);
		if (!c->conn && !listen_to(c, NULL)) {
			if (wait_for_stop(c, delay_ms))
				return NULL;
			delay_ms = delay_ms < 1000 ? delay_ms * 2 : 1000;
			continue;
		}
		delay_ms = 10;
		if (!serve_round(c)) {
			PQfinish(c->conn);
			c->conn = NULL;
			/* What was asked while nobody listened. */
			c->asked = true;
		}
		if (wait_for_stop(c, c->asked ? 0 : LIVE_LOOK_MS))
			return NULL;
	}
}

struct control *control_start(struct fs *fs, const char *conninfo, struct fuse_session *se,
	struct live *live, struct error *err)
{
	struct control *c = xcalloc(1, sizeof(*c));

	c->fs = fs;
	c->session = se;
	c->live = live;
	c->asked = true;
	c->conninfo = strdup(conninfo);
	c->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (c->stop_fd >= 0 && listen_to(c, err) &&
		pthread_create(&c->thread, NULL, control_main, c) == 0)
		return c;
	if (c->conn)
		error_sys(err, "cannot start a thread");
	PQfinish(c->conn);
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
	if (c->conn && !c->fenced)
		live_end(c->live, c->conn);
	PQfinish(c->conn);
	runs_watch_end(&c->runs);
	close(c->stop_fd);
	free(c->conninfo);
	free(c);
}
