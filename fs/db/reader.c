#include "db/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/probe.h"
#include "base/spin.h"
#include "db/conn.h"
#include "db/reader_query.h"
#include "db/row.h"

_Static_assert(TRACE_STATEMENT + STMT_COUNT <= TRACE_ROWS, "each statement has a row");

/* A statement that ends so much later than its limit says was not running all the time. */
#define LATE_NS INT64_C(200000000)

struct queue {
	struct reader_query *first, **last;
};

struct reader {
	struct reader_config config;
	struct database_session *session;
	bool unsent; /* something is left to be sent when the session takes more */
	pthread_t thread;
	int wake; /* eventfd: something was submitted, or stop */
	pthread_mutex_t lock;
	struct queue submitted; /* under lock */
	bool stop;              /* under lock */
	enum reader_gate gate;  /* under lock */
	struct queue sent;      /* the thread's: in the order in which answers come */
	struct spin spin;       /* the thread's: for a question that is alone */
	atomic_uint under_way;  /* questions that were submitted and not answered */
	int64_t turn; /* the thread's: when the first of those was begun, CLOCK_MONOTONIC */
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

#define STATEMENTS(ids)                                                                            \
	{                                                                                          \
		(ids), sizeof(ids) / sizeof((ids)[0]), 0                                           \
	}

static const enum stmt present_ids[] = {STMT_READ_INODE, STMT_READ_DIRENT, STMT_READ_DIR,
	STMT_READ_DATA, STMT_READ_RANGES, STMT_READ_FILES, STMT_READ_HOLES, STMT_READ_EXTENTS,
	STMT_READ_SIZE, STMT_READ_XATTRS, STMT_READ_XATTR};
const struct database_statements reader_present = STATEMENTS(present_ids);

static const enum stmt past_ids[] = {STMT_READ_PAST_INSTANT, STMT_READ_PAST_INODE,
	STMT_READ_PAST_OPEN, STMT_READ_PAST_DIRENT, STMT_READ_PAST_DIR, STMT_READ_PAST_DATA,
	STMT_READ_PAST_HOLES, STMT_READ_PAST_XATTRS, STMT_READ_PAST_NAMES};
const struct database_statements reader_past = STATEMENTS(past_ids);

static struct database_session *open_session(const struct reader_config *c, struct error *err)
{
	return database_open_reader(c->database, c->application, &c->statements, err);
}

static bool stopping(struct reader *r)
{
	pthread_mutex_lock(&r->lock);
	bool stop = r->stop;
	pthread_mutex_unlock(&r->lock);
	return stop;
}

static void fail(struct reader_query *q, PGresult *res, const struct error *err)
{
	PQclear(res);
	q->done(q, NULL, err);
}

static void fail_all(struct reader *r, struct queue *queue, const char *why)
{
	struct error err;
	struct reader_query *q;

	error_set(&err, ERR_UNREACHABLE, "%s", why);
	while ((q = queue_pop(queue))) {
		atomic_fetch_sub(&r->under_way, 1);
		q->done(q, NULL, &err);
	}
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
	fail_all(r, &taken, "the lease of the filesystem is lost");
}

/* Begins a session that may ask: with the server that the writer has as well, once it has one. */
static struct database_session *begin_session(const struct reader *r, bool *told)
{
	struct error err;
	struct database_session *s = open_session(&r->config, &err);

	if (!s)
		return NULL;
	r->config.reconnected(r->config.arg);
	if (database_beside_writer(s, &err))
		return s;
	if (!*told)
		log_warn("%s waits: %s", r->config.application, err.text);
	*told = true;
	database_close(s);
	return NULL;
}

/* Connects until it succeeds or the reader stops; then asks again what was not answered. */
static void reconnect(struct reader *r)
{
	bool told = false;
	int delay_ms = 10;

	log_warn("%s lost its connection, connecting again", r->config.application);
	database_close(r->session);
	while (!(r->session = begin_session(r, &told)) && !stopping(r)) {
		struct pollfd p = {.fd = -1};
		poll(&p, 1, delay_ms);
		delay_ms = delay_ms < 1000 ? delay_ms * 2 : 1000;
		if (is_shut(r)) {
			fail_all(r, &r->sent, "the lease of the filesystem is lost");
			fail_submitted(r);
		}
	}
	if (is_shut(r))
		fail_all(r, &r->sent, "the lease of the filesystem is lost");
	r->unsent = true;
	for (struct reader_query *q = r->sent.first; r->session && q; q = q->next)
		if (!reader_query_send(r->session, q)) {
			/* Also when it seems to stand: the rest would never be asked. */
			database_close(r->session);
			r->session = NULL;
		}
}

static void query_error(const struct reader *r, const PGresult *res, const struct reader_query *q,
	struct error *err)
{
	char doing[64];
	size_t n;

	if (row_is_of_inode(q->stmt))
		snprintf(doing, sizeof(doing), "inode %" PRIu64 ": %s", reader_query_about(q),
			statements[q->stmt].name);
	else
		snprintf(doing, sizeof(doing), "%s", statements[q->stmt].name);
	db_error(NULL, res, doing, err);
	/* libpq itself refused something; a session that is lost has no answer. */
	if (err->class == ERR_UNREACHABLE)
		err->class = ERR_INTERNAL;
	n = strlen(err->text);
	if (err->class == ERR_TIMEOUT && r->config.advice)
		snprintf(err->text + n, sizeof(err->text) - n, "; %s", r->config.advice);
}

/*
 * Whether a statement that was ended for its time did not have it: a server that was stopped, or a
 * machine that was suspended, finds the time over when it goes on. It is asked once more.
 */
static bool stood_still(const struct reader *r, const struct reader_query *q)
{
	int64_t limit = (int64_t)r->config.statements.limit * 1000000000;

	return limit && !q->asked_again && clock_mono_ns() - r->turn > limit + LATE_NS;
}

static bool ask_again(struct reader *r, PGresult *res, struct reader_query *q)
{
	PQclear(res);
	q->asked_again = true;
	queue_push(&r->sent, q);
	r->unsent = true;
	return reader_query_send(r->session, q);
}

/* Gives the answer to who asked. False when the connection is lost. */
static bool take_result(struct reader *r, PGresult *res)
{
	struct reader_query *q = queue_pop(&r->sent);
	bool good = PQresultStatus(res) == PGRES_TUPLES_OK;
	bool again = false;
	struct trace_span span;
	struct error err;
	int64_t ns;

	if (!good) {
		query_error(r, res, q, &err);
		again = err.class == ERR_TIMEOUT && stood_still(r, q);
	}
	r->turn = clock_mono_ns();
	if (again)
		return ask_again(r, res, q);
	atomic_fetch_sub(&r->under_way, 1);
	trace_enter(&q->span, TRACE_SETTLE);
	span = q->span;
	if (good && row_check(q->stmt, res, reader_query_about(q), &err))
		q->done(q, res, NULL);
	else
		fail(q, res, &err);
	ns = trace_end(r->config.trace, &span);
	PROBE2(query__answer, span.row - TRACE_STATEMENT, ns);
	return true;
}

/* Takes all results that have arrived. False when the connection is lost. */
static bool take_results(struct reader *r)
{
	PGresult *res;

	while (r->sent.first) {
		if (!database_answer(r->session, &res))
			return false;
		if (!res)
			break;
		if (!take_result(r, res))
			return false;
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
		fail_all(r, &taken, "the lease of the filesystem is lost");
		return true;
	}
	if (!r->sent.first)
		r->turn = clock_mono_ns();
	while ((q = queue_pop(&taken))) {
		ok = ok && reader_query_send(r->session, q);
		queue_push(&r->sent, q);
	}
	return ok;
}

/* Waits for answers and questions. Where several questions are under way, others have work for the
 * CPUs meanwhile, and one wake-up is for several answers. */
static int await(struct reader *r, struct pollfd *p, nfds_t count)
{
	if (r->sent.first && !r->sent.first->next)
		return spin_poll(&r->spin, p, count, -1);
	return poll(p, count, -1);
}

static bool step(struct reader *r)
{
	struct pollfd p[2] = {
		{.fd = database_fd(r->session), .events = POLLIN | (r->unsent ? POLLOUT : 0)},
		{.fd = r->wake, .events = POLLIN},
	};

	if (await(r, p, 2) < 0 && errno != EINTR)
		return true;
	if (p[1].revents) {
		uint64_t n;
		if (read(r->wake, &n, sizeof(n)) > 0 && !send_submitted(r))
			return false;
	}
	/* Most answers come within microseconds of the question. */
	return database_exchange(r->session, p[0].revents & ~POLLOUT, &r->unsent) &&
	       take_results(r);
}

static void *reader_main(void *arg)
{
	struct reader *r = arg;

	while (!stopping(r)) {
		if (!r->session || !step(r))
			reconnect(r);
		if (r->config.idle && reader_is_idle(r))
			r->config.idle(r->config.idle_arg);
	}
	fail_all(r, &r->sent, "the filesystem is being unmounted");
	fail_all(r, &r->submitted, "the filesystem is being unmounted");
	return NULL;
}

struct reader *reader_start(const struct reader_config *config, struct error *err)
{
	struct reader *r = xcalloc(1, sizeof(*r));

	r->config = *config;
	r->spin.max_ns = READER_SPIN_NS;
	r->session = open_session(config, err);
	if (!r->session) {
		free(r);
		return NULL;
	}
	r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&r->lock, NULL);
	queue_init(&r->submitted);
	queue_init(&r->sent);
	if (r->wake < 0 || pthread_create(&r->thread, NULL, reader_main, r) != 0) {
		error_sys(err, "cannot start the reader");
		database_close(r->session);
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
	database_close(r->session);
	close(r->wake);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

void reader_set_gate(struct reader *r, enum reader_gate gate)
{
	pthread_mutex_lock(&r->lock);
	r->gate = gate;
	pthread_mutex_unlock(&r->lock);
	wake(r);
}

bool reader_is_idle(struct reader *r)
{
	pthread_mutex_lock(&r->lock);
	bool idle = !r->sent.first && !r->submitted.first;
	pthread_mutex_unlock(&r->lock);
	return idle;
}

bool reader_is_busy(struct reader *r)
{
	return atomic_load(&r->under_way) > 0;
}

void reader_submit(struct reader *r, struct reader_query *q)
{
	atomic_fetch_add(&r->under_way, 1);
	pthread_mutex_lock(&r->lock);
	bool first = !r->submitted.first;
	queue_push(&r->submitted, q);
	pthread_mutex_unlock(&r->lock);
	if (first)
		wake(r);
}
