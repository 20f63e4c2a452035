#include "db/direct.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/spin.h"
#include "db/reader_query.h"

/* An answer that has not come by then takes its time, and a thread of the transport has more to do.
 */
#define PATIENCE_MS 3

/* Nothing is asked for a while after one that had not come, twice as long after each that follows:
 * a server that is slow, or far away, would have that thread wait each time. */
#define REST_NS     INT64_C(8000000)
#define MAX_REST_NS INT64_C(1000000000)

/* Between attempts to begin sessions that are refused. */
#define RETRY_NS INT64_C(1000000000)

enum use {
	FREE,  /* -> ASKED */
	ASKED, /* a thread waits for its answer -> FREE, LEFT */
	LEFT,  /* our thread waits for it -> FREE */
};

struct direct_asked {
	struct direct *owner;
	enum use use;                     /* under lock */
	struct database_session *session; /* its user's; of a free one under lock. NULL: none */
	struct reader_query *query;
	struct spin spin; /* its user's */
	bool lost;
};

struct direct {
	struct reader_config config;
	struct reader *reader;
	pthread_t thread;
	int wake; /* eventfd: something is left, or wanted, or stop */
	pthread_mutex_t lock;
	bool stop, wanted;     /* under lock */
	enum reader_gate gate; /* under lock */
	int64_t rest;          /* under lock: for how long, after the next late answer */
	int64_t rests_until;   /* under lock */
	int64_t refused_at;    /* the thread's; 0: not */
	struct direct_asked asked;
};

static const enum stmt ids[] = {STMT_READ_DATA, STMT_READ_RANGES};

static void wake(struct direct *d)
{
	uint64_t one = 1;

	/* Fails only when the counter is at its limit, and then the thread is awake anyway. */
	if (write(d->wake, &one, sizeof(one)) < 0)
		return;
}

/* Returns the session if it is free, which is the caller's then, or NULL. */
static struct direct_asked *take(struct direct *d)
{
	struct direct_asked *found = NULL;
	bool want = false;

	pthread_mutex_lock(&d->lock);
	if (d->gate == READER_OPEN && d->asked.use == FREE && clock_mono_ns() >= d->rests_until) {
		if (d->asked.session)
			found = &d->asked;
		want = !found && !d->wanted;
	}
	if (found)
		found->use = ASKED;
	d->wanted = d->wanted || want;
	pthread_mutex_unlock(&d->lock);
	if (want)
		wake(d);
	return found;
}

static void release(struct direct_asked *s, bool in_time)
{
	pthread_mutex_lock(&s->owner->lock);
	s->use = FREE;
	if (in_time)
		s->owner->rest = REST_NS;
	pthread_mutex_unlock(&s->owner->lock);
}

struct direct_asked *direct_ask(struct direct *d, struct reader_query *q)
{
	struct direct_asked *s = d && !reader_is_busy(d->reader) ? take(d) : NULL;

	if (!s)
		return NULL;
	s->query = q;
	s->lost = !reader_query_send(s->session, q);
	return s;
}

/* Takes what has come: true with *res when that is the answer, whatever it says. Else *more says
 * whether something is left to be sent. */
static bool receive(struct direct_asked *s, bool readable, bool *more, PGresult **res)
{
	*res = NULL;
	s->lost = s->lost || !database_exchange(s->session, readable, more) ||
		  !database_answer(s->session, res);
	return *res != NULL;
}

/* What to poll for the answer, and for what is left to be sent. */
static struct pollfd to_poll(const struct direct_asked *s, bool more)
{
	return (struct pollfd){
		.fd = database_fd(s->session), .events = POLLIN | (more ? POLLOUT : 0)};
}

/* Ends the question with an answer. False when it is none, which is cleared; the session is given
 * up then. */
static bool settle(struct direct_asked *s, PGresult *res)
{
	struct error err;

	if (PQresultStatus(res) != PGRES_TUPLES_OK || !reader_query_check(s->query, res, &err)) {
		PQclear(res);
		/* The reader asks again, and says what is wrong. */
		s->lost = true;
		return false;
	}
	reader_query_settled(s->query, s->owner->config.trace);
	return true;
}

bool direct_answer(struct direct_asked *s, PGresult **res)
{
	int64_t end = clock_mono_ns() + PATIENCE_MS * INT64_C(1000000), left;
	bool readable = false, more = false;

	while (!receive(s, readable, &more, res)) {
		struct pollfd p = to_poll(s, more);

		left = end - clock_mono_ns();
		if (s->lost || left <= 0)
			return false;
		readable = spin_poll(&s->spin, &p, 1, (int)(left / 1000000) + 1) > 0 &&
			   p.revents & ~POLLOUT;
	}
	if (!settle(s, *res)) {
		*res = NULL;
		return false;
	}
	release(s, true);
	return true;
}

bool direct_submit(struct direct *d, struct reader_query *q)
{
	struct direct_asked *s = d ? take(d) : NULL;
	bool more;

	if (!s)
		return false;
	s->query = q;
	s->lost = !reader_query_send(s->session, q) || !database_exchange(s->session, false, &more);
	pthread_mutex_lock(&d->lock);
	s->use = LEFT;
	pthread_mutex_unlock(&d->lock);
	wake(d);
	return true;
}

void direct_leave(struct direct_asked *s)
{
	struct direct *d = s->owner;

	pthread_mutex_lock(&d->lock);
	s->use = LEFT;
	d->rests_until = clock_mono_ns() + d->rest;
	d->rest = d->rest * 2 < MAX_REST_NS ? d->rest * 2 : MAX_REST_NS;
	pthread_mutex_unlock(&d->lock);
	wake(d);
}

/* A session that is lost, or has been asked what it has no answer to, is begun anew when one is
 * wanted. */
static void end_session(struct direct_asked *s)
{
	database_close(s->session);
	s->session = NULL;
	s->lost = false;
}

/* Gives a question that was left its answer, if that has come, or gives it to the reader. Returns
 * what to poll: a descriptor of -1 when nothing is waited for. */
static struct pollfd finish(struct direct_asked *s, bool shut)
{
	struct reader_query *q = s->query;
	PGresult *res = NULL;
	bool more = false;

	if (!s->lost && !shut && receive(s, true, &more, &res) && !settle(s, res))
		res = NULL;
	s->lost = s->lost || shut;
	if (!s->lost && !res)
		return to_poll(s, more);
	if (s->lost)
		end_session(s);
	release(s, false);
	if (res)
		q->done(q, res, NULL);
	else
		reader_submit(s->owner->reader, q);
	return (struct pollfd){.fd = -1};
}

static void begin_session(struct direct *d)
{
	struct database_session *session;
	struct error err;

	session = database_open_reader(
		d->config.database, d->config.application, &d->config.statements, &err);
	if (!session) {
		d->refused_at = clock_mono_ns();
		return;
	}
	d->config.reconnected(d->config.arg);
	if (!database_beside_writer(session, &err)) {
		database_close(session);
		d->refused_at = clock_mono_ns();
		return;
	}
	pthread_mutex_lock(&d->lock);
	d->asked.session = session;
	pthread_mutex_unlock(&d->lock);
}

/* What the thread has to do. */
struct duty {
	bool begin, left, shut, stop;
};

static struct duty look(struct direct *d)
{
	struct duty duty;

	pthread_mutex_lock(&d->lock);
	duty.stop = d->stop;
	duty.shut = d->stop || d->gate == READER_SHUT;
	duty.left = d->asked.use == LEFT;
	duty.begin = d->wanted && d->asked.use == FREE && !d->asked.session && !d->stop &&
		     d->gate == READER_OPEN &&
		     (!d->refused_at || clock_mono_ns() - d->refused_at >= RETRY_NS);
	d->wanted = false;
	pthread_mutex_unlock(&d->lock);
	return duty;
}

static void *direct_main(void *arg)
{
	struct direct *d = arg;
	struct duty duty;

	do {
		struct pollfd p[2] = {
			{.fd = d->wake, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
		uint64_t n;

		duty = look(d);
		if (duty.left)
			p[1] = finish(&d->asked, duty.shut);
		if (duty.begin)
			begin_session(d);
		if (!duty.stop && poll(p, 2, -1) > 0 && p[0].revents &&
			read(d->wake, &n, sizeof(n)) < 0)
			continue;
	} while (!duty.stop);
	return NULL;
}

struct direct *direct_start(
	const struct reader_config *config, struct reader *reader, struct error *err)
{
	struct direct *d = xcalloc(1, sizeof(*d));

	d->config = *config;
	d->config.statements.ids = ids;
	d->config.statements.count = sizeof(ids) / sizeof(ids[0]);
	d->reader = reader;
	d->asked.owner = d;
	d->asked.spin.max_ns = READER_SPIN_NS;
	d->rest = REST_NS;
	d->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&d->lock, NULL);
	if (d->wake >= 0 && pthread_create(&d->thread, NULL, direct_main, d) == 0)
		return d;
	error_sys(err, "cannot start a thread");
	if (d->wake >= 0)
		close(d->wake);
	pthread_mutex_destroy(&d->lock);
	free(d);
	return NULL;
}

void direct_stop(struct direct *d)
{
	if (!d)
		return;
	pthread_mutex_lock(&d->lock);
	d->stop = true;
	pthread_mutex_unlock(&d->lock);
	wake(d);
	pthread_join(d->thread, NULL);
	database_close(d->asked.session);
	close(d->wake);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

void direct_set_gate(struct direct *d, enum reader_gate gate)
{
	pthread_mutex_lock(&d->lock);
	d->gate = gate;
	pthread_mutex_unlock(&d->lock);
	wake(d);
}
