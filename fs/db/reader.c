#include "db/reader.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "db/conn.h"
#include "db/row.h"

struct queue {
	struct reader_query *first, **last;
};

struct reader {
	PGconn *conn;
	char *conninfo;
	void (*reconnected)(void *arg);
	void *arg;
	pthread_t thread;
	int wake; /* eventfd: something was submitted, or stop */
	pthread_mutex_t lock;
	struct queue submitted; /* under lock */
	bool stop;              /* under lock */
	enum reader_gate gate;  /* under lock */
	struct queue sent;      /* the thread's: in the order in which answers come */
};

static void queue_init(struct queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

static void queue_push(struct queue *q, struct reader_query *x)
{
	x->next = NULL;
	*q->last = x;
	q->last = &x->next;
}

static struct reader_query *queue_pop(struct queue *q)
{
	struct reader_query *x = q->first;
	if (x && !(q->first = x->next))
		q->last = &q->first;
	return x;
}

static const enum stmt read_statements[] = {STMT_READ_INODE, STMT_READ_DIRENT, STMT_READ_DIR,
	STMT_READ_DATA, STMT_READ_HOLES, STMT_READ_EXTENTS, STMT_READ_SIZE, STMT_READ_XATTRS,
	STMT_READ_PAST_INSTANT, STMT_READ_PAST_INODE, STMT_READ_PAST_DIRENT, STMT_READ_PAST_DIR,
	STMT_READ_PAST_DATA, STMT_READ_PAST_HOLES, STMT_READ_PAST_XATTRS, STMT_READ_PAST_NAMES};

static PGconn *reader_connect(const char *conninfo, struct error *err)
{
	PGconn *conn = db_connect(conninfo, "thulefs reader", err);

	if (!conn)
		return NULL;
	/* Parameters are unknown when a plan is made, and each query is a lookup by key. */
	if (!db_exec(conn,
		    "set plan_cache_mode = force_generic_plan; set jit = off; set enable_seqscan = "
		    "off;"
		    "set enable_hashjoin = off; set enable_mergejoin = off; set enable_bitmapscan "
		    "= off;"
		    "set default_transaction_read_only = on",
		    err))
		goto fail;
	for (size_t i = 0; i < sizeof(read_statements) / sizeof(read_statements[0]); i++)
		if (!db_prepare(conn, read_statements[i], err))
			goto fail;
	if (!PQenterPipelineMode(conn) || PQsetnonblocking(conn, 1) != 0) {
		error_set(err, ERR_INTERNAL, "cannot enter pipeline mode");
		goto fail;
	}
	return conn;
fail:
	PQfinish(conn);
	return NULL;
}

static bool send_query(PGconn *conn, const struct reader_query *q)
{
	const char *values[READER_MAX_PARAMS];
	int lengths[READER_MAX_PARAMS], formats[READER_MAX_PARAMS];

	for (int i = 0; i < q->nparams; i++) {
		values[i] = q->params[i].data;
		lengths[i] = q->params[i].len;
		formats[i] = 1;
	}
	/* A sync each: a query that fails must not take the next ones with it. */
	return PQsendQueryPrepared(
		       conn, statements[q->stmt].name, q->nparams, values, lengths, formats, 1) &&
	       PQpipelineSync(conn);
}

static bool stopping(struct reader *r)
{
	pthread_mutex_lock(&r->lock);
	bool stop = r->stop;
	pthread_mutex_unlock(&r->lock);
	return stop;
}

static void fail_all(struct queue *queue, const char *why)
{
	struct error err;
	struct reader_query *q;

	error_set(&err, ERR_UNREACHABLE, "%s", why);
	while ((q = queue_pop(queue)))
		q->done(q, NULL, &err);
}

static bool is_shut(struct reader *r)
{
	pthread_mutex_lock(&r->lock);
	bool shut = r->gate == READER_SHUT;
	pthread_mutex_unlock(&r->lock);
	return shut;
}

static void fail_submitted(struct reader *r)
{
	struct queue taken;

	queue_init(&taken);
	pthread_mutex_lock(&r->lock);
	if (r->submitted.first) {
		taken = r->submitted;
		queue_init(&r->submitted);
	}
	pthread_mutex_unlock(&r->lock);
	fail_all(&taken, "the lease of the filesystem is lost");
}

/* Connects until it succeeds or the reader stops; then asks again what was not answered. */
static void reconnect(struct reader *r)
{
	struct error err;
	int delay_ms = 10;

	log_warn("the reader lost its connection, connecting again");
	PQfinish(r->conn);
	while (!(r->conn = reader_connect(r->conninfo, &err)) && !stopping(r)) {
		struct pollfd p = {.fd = -1};
		poll(&p, 1, delay_ms);
		delay_ms = delay_ms < 1000 ? delay_ms * 2 : 1000;
		if (is_shut(r)) {
			fail_all(&r->sent, "the lease of the filesystem is lost");
			fail_submitted(r);
		}
	}
	if (r->conn)
		r->reconnected(r->arg);
	if (is_shut(r))
		fail_all(&r->sent, "the lease of the filesystem is lost");
	for (struct reader_query *q = r->sent.first; r->conn && q; q = q->next)
		if (!send_query(r->conn, q))
			return;
}

/* The first parameter, which of most statements is an inode number. */
static uint64_t asked_about(const struct reader_query *q)
{
	uint64_t be = 0;

	if (q->nparams && q->params[0].len == sizeof(be))
		memcpy(&be, q->params[0].data, sizeof(be));
	return be64toh(be);
}

static void query_error(
	PGconn *conn, const PGresult *res, const struct reader_query *q, struct error *err)
{
	char doing[64];

	if (row_is_of_inode(q->stmt))
		snprintf(doing, sizeof(doing), "inode %" PRIu64 ": %s", asked_about(q),
			statements[q->stmt].name);
	else
		snprintf(doing, sizeof(doing), "%s", statements[q->stmt].name);
	db_error(conn, res, doing, err);
}

/* Takes all results that have arrived. False when the connection is lost. */
static bool take_results(struct reader *r)
{
	while (r->sent.first && !PQisBusy(r->conn)) {
		PGresult *res = PQgetResult(r->conn);
		ExecStatusType status = PQresultStatus(res);
		struct reader_query *q;
		struct error err;

		if (!res)
			continue; /* ends the results of one query */
		if (status == PGRES_PIPELINE_SYNC) {
			PQclear(res);
			continue;
		}
		/* A server that goes down says so in the place of an answer: the query is asked
		 * again. */
		if (status != PGRES_TUPLES_OK)
			query_error(r->conn, res, r->sent.first, &err);
		if (PQstatus(r->conn) == CONNECTION_BAD ||
			(status != PGRES_TUPLES_OK && err.class == ERR_UNREACHABLE)) {
			PQclear(res);
			return false;
		}
		q = queue_pop(&r->sent);
		if (status == PGRES_TUPLES_OK && row_check(q->stmt, res, asked_about(q), &err))
			q->done(q, res, NULL);
		else
			q->done(q, NULL, &err);
		PQclear(res);
	}
	return true;
}

static bool send_submitted(struct reader *r)
{
	enum reader_gate gate;
	struct queue taken;
	struct reader_query *q;
	bool ok = true;

	queue_init(&taken);
	pthread_mutex_lock(&r->lock);
	gate = r->gate;
	if (gate != READER_HELD && r->submitted.first) {
		taken = r->submitted;
		queue_init(&r->submitted);
	}
	pthread_mutex_unlock(&r->lock);
	if (gate == READER_SHUT) {
		fail_all(&taken, "the lease of the filesystem is lost");
		return true;
	}
	while ((q = queue_pop(&taken))) {
		ok = ok && send_query(r->conn, q);
		queue_push(&r->sent, q);
	}
	return ok;
}

static bool step(struct reader *r)
{
	int flush = PQflush(r->conn);
	struct pollfd p[2] = {
		{.fd = PQsocket(r->conn), .events = POLLIN | (flush > 0 ? POLLOUT : 0)},
		{.fd = r->wake, .events = POLLIN},
	};

	if (flush < 0)
		return false;
	if (poll(p, 2, -1) < 0 && errno != EINTR)
		return true;
	if (p[1].revents) {
		uint64_t n;
		if (read(r->wake, &n, sizeof(n)) > 0 && !send_submitted(r))
			return false;
		/* Most answers come within microseconds of the question. */
		if (PQflush(r->conn) < 0)
			return false;
	}
	if (p[0].revents && !PQconsumeInput(r->conn))
		return false;
	return take_results(r);
}

static void *reader_main(void *arg)
{
	struct reader *r = arg;

	while (!stopping(r))
		if (!r->conn || !step(r) || PQstatus(r->conn) == CONNECTION_BAD)
			reconnect(r);
	fail_all(&r->sent, "the filesystem is being unmounted");
	fail_all(&r->submitted, "the filesystem is being unmounted");
	return NULL;
}

struct reader *reader_start(
	const char *conninfo, void (*reconnected)(void *arg), void *arg, struct error *err)
{
	struct reader *r = xcalloc(1, sizeof(*r));

	r->reconnected = reconnected;
	r->arg = arg;
	r->conn = reader_connect(conninfo, err);
	if (!r->conn) {
		free(r);
		return NULL;
	}
	r->conninfo = strdup(conninfo);
	r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&r->lock, NULL);
	queue_init(&r->submitted);
	queue_init(&r->sent);
	if (r->wake < 0 || pthread_create(&r->thread, NULL, reader_main, r) != 0) {
		error_sys(err, "cannot start the reader");
		PQfinish(r->conn);
		free(r->conninfo);
		free(r);
		return NULL;
	}
	return r;
}

static void wake(struct reader *r)
{
	uint64_t one = 1;
	/* Fails only when the counter is at its limit, and then the thread is awake anyway. */
	if (write(r->wake, &one, sizeof(one)) < 0)
		return;
}

void reader_stop(struct reader *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_mutex_unlock(&r->lock);
	wake(r);
	pthread_join(r->thread, NULL);
	PQfinish(r->conn);
	close(r->wake);
	pthread_mutex_destroy(&r->lock);
	free(r->conninfo);
	free(r);
}

void reader_set_gate(struct reader *r, enum reader_gate gate)
{
	pthread_mutex_lock(&r->lock);
	r->gate = gate;
	pthread_mutex_unlock(&r->lock);
	wake(r);
}

void reader_submit(struct reader *r, struct reader_query *q)
{
	pthread_mutex_lock(&r->lock);
	bool first = !r->submitted.first;
	queue_push(&r->submitted, q);
	pthread_mutex_unlock(&r->lock);
	if (first)
		wake(r);
}

struct reader_query *reader_query_new(enum stmt stmt,
	void (*done)(struct reader_query *, const PGresult *, const struct error *), void *arg)
{
	struct reader_query *q = xcalloc(1, sizeof(*q));
	q->stmt = stmt;
	q->done = done;
	q->arg = arg;
	return q;
}

void reader_query_int(struct reader_query *q, int64_t v)
{
	uint64_t be = htobe64((uint64_t)v);
	reader_query_bytes(q, &be, sizeof(be));
}

void reader_query_bytes(struct reader_query *q, const void *data, size_t len)
{
	assert(q->nparams < READER_MAX_PARAMS && len <= sizeof(q->params[0].data));
	memcpy(q->params[q->nparams].data, data, len);
	q->params[q->nparams++].len = (int)len;
}
