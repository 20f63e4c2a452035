/* Sessions and transactions of the database in memory. */
#include "memory.h"

#include <assert.h>
#include <endian.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "memory_store.h"

struct memory;

struct answer {
	PGresult *res;
	struct answer *next;
};

struct session {
	struct database_session session;
	struct memory *memory;
	uint64_t mount; /* of a writer, once it has said so */
	int fd;         /* eventfd: there is an answer, or the session has ended */
	bool ended;
	bool unsent; /* a question is left for exchange() to send */
	struct answer *answers, **last;
	struct session *next;
};

struct memory {
	struct database database;
	pthread_mutex_t lock;
	struct store *committed, *flushed;
	struct session *sessions;
	struct session *holder; /* of the lease */
	enum memory_pace pace;
};

static struct memory *memory_of(struct database *db)
{
	return (struct memory *)db;
}

static struct session *session_of(struct database_session *s)
{
	return (struct session *)s;
}

static bool has_ended(const struct session *s, struct error *err)
{
	return s->ended && !error_set(err, ERR_UNREACHABLE, "the session was ended");
}

/* Under the lock. */
static struct session *session_new(struct memory *m)
{
	struct session *s = xcalloc(1, sizeof(*s));

	s->session.ops = m->database.ops;
	s->memory = m;
	s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert(s->fd >= 0);
	s->last = &s->answers;
	s->next = m->sessions;
	m->sessions = s;
	return s;
}

/* Under the lock. */
static void end_session(struct session *s)
{
	s->ended = true;
	eventfd_write(s->fd, 1);
	if (s->memory->holder == s)
		s->memory->holder = NULL;
}

static struct database_session *open_writer(struct database *db, enum database_lease lease,
	const struct database_statements *stmts, struct error *err)
{
	struct memory *m = memory_of(db);
	struct session *s = NULL;

	pthread_mutex_lock(&m->lock);
	if (lease == DATABASE_FOLLOW)
		s = session_new(m);
	else if (m->holder)
		error_set(err, ERR_LEASE, "another session has the lease");
	else
		s = m->holder = session_new(m);
	pthread_mutex_unlock(&m->lock);
	return s ? &s->session : NULL;
}

static bool reclaim(
	struct database *db, uint64_t mount, bool *taken, uint64_t *last_op, struct error *err)
{
	struct memory *m = memory_of(db);

	pthread_mutex_lock(&m->lock);
	*taken = m->committed->mounts > mount;
	*last_op = m->committed->mount[mount].last_op;
	if (!*taken && m->holder && m->holder->mount == mount)
		end_session(m->holder);
	pthread_mutex_unlock(&m->lock);
	return true;
}

/* The time of the last op, 0 when the log lacks it. */
static int64_t last_at(const struct store *s)
{
	uint64_t op = htobe64(s->next_op - 1);
	const struct cell key = {sizeof(op), (char *)&op};
	const struct row *r = store_find(s, MEMORY_OP, &key, 1);

	return r ? cell_int(r->cell[1].data, r->cell[1].len) + PG_EPOCH_US : 0;
}

static bool progress(struct database_session *session, uint64_t mount,
	struct database_progress *out, struct error *err)
{
	struct session *s = session_of(session);
	const struct store *store;
	bool ok;

	pthread_mutex_lock(&s->memory->lock);
	store = s->memory->committed;
	ok = !has_ended(s, err);
	if (ok) {
		s->mount = mount ? mount : s->mount;
		*out = (struct database_progress){
			.last_op = store->mount[mount].last_op,
			.next_op = store->next_op,
			.next_ino = store->next_ino,
			.next_blob = store->next_blob,
			.at = last_at(store),
			.known = mount && mount <= store->mounts,
			.fenced = store->mounts > mount,
		};
	}
	pthread_mutex_unlock(&s->memory->lock);
	return ok;
}

/* Makes `next` what is committed. False when the session ended meanwhile. */
static bool commit(struct session *s, struct store *next, bool flush, struct error *err)
{
	struct memory *m = s->memory;
	bool ok;

	pthread_mutex_lock(&m->lock);
	ok = !has_ended(s, err);
	if (ok) {
		store_free(m->committed);
		m->committed = next;
	}
	if (ok && flush) {
		store_free(m->flushed);
		m->flushed = store_copy(next);
	}
	pthread_mutex_unlock(&m->lock);
	return ok;
}

/* Nothing is copied here: the points are those of a database to which each call is. */
static bool may_take(struct error *err)
{
	if (fault(FAULT_BATCH_ROWS))
		return fault_lost(FAULT_BATCH_ROWS, err);
	return !fault(FAULT_BATCH_COPY) || fault_lost(FAULT_BATCH_COPY, err);
}

/* Without calls: whether the session is alive. What is committed is flushed with that. */
static bool look(struct session *s, bool flush, struct error *err)
{
	struct memory *m = s->memory;
	bool ok;

	pthread_mutex_lock(&m->lock);
	ok = !has_ended(s, err);
	if (ok && flush) {
		store_free(m->flushed);
		m->flushed = store_copy(m->committed);
	}
	pthread_mutex_unlock(&m->lock);
	return ok;
}

/* Only who has the lease applies anything, so nothing is committed between the copy and the commit.
 */
static bool apply(struct database_session *session, const struct database_call *calls, int count,
	bool flush, struct error *err)
{
	struct session *s = session_of(session);
	struct store *next;
	bool ok;

	if (!count)
		return look(s, flush, err);
	pthread_mutex_lock(&s->memory->lock);
	ok = !has_ended(s, err);
	assert(!ok || s->memory->holder == s);
	next = store_copy(s->memory->committed);
	pthread_mutex_unlock(&s->memory->lock);
	for (int i = 0; ok && i < count; i++)
		ok = may_take(err) && store_apply(next, &calls[i], err);
	if (ok && fault(FAULT_BATCH_COMMIT))
		ok = fault_lost(FAULT_BATCH_COMMIT, err);
	ok = ok && commit(s, next, flush, err);
	if (!ok)
		store_free(next);
	if (ok && fault(FAULT_BATCH_SENT))
		ok = fault_lost(FAULT_BATCH_SENT, err);
	return ok;
}

static struct database_session *open_reader(struct database *db, const char *application,
	const struct database_statements *stmts, struct error *err)
{
	struct memory *m = memory_of(db);
	struct session *s;

	pthread_mutex_lock(&m->lock);
	s = session_new(m);
	pthread_mutex_unlock(&m->lock);
	return &s->session;
}

/* There is one server. */
static bool beside_writer(const struct database_session *session)
{
	return true;
}

static bool ask(struct database_session *session, const struct database_call *call)
{
	struct session *s = session_of(session);
	struct answer *a;
	bool ok;

	pthread_mutex_lock(&s->memory->lock);
	ok = !s->ended;
	if (ok) {
		a = xcalloc(1, sizeof(*a));
		a->res = store_read(s->memory->committed, call);
		*s->last = a;
		s->last = &a->next;
		s->unsent = s->memory->pace == MEMORY_UNSENT;
		eventfd_write(s->fd, !s->unsent);
	}
	pthread_mutex_unlock(&s->memory->lock);
	return ok;
}

static bool exchange(struct database_session *session, bool readable, bool *more)
{
	struct session *s = session_of(session);
	eventfd_t ignored;
	bool ok;

	pthread_mutex_lock(&s->memory->lock);
	ok = !s->ended;
	if (ok && readable)
		eventfd_read(s->fd, &ignored);
	if (ok && s->unsent && s->memory->pace != MEMORY_UNSENT) {
		s->unsent = false;
		eventfd_write(s->fd, 1);
	}
	*more = s->unsent;
	pthread_mutex_unlock(&s->memory->lock);
	return ok;
}

static bool answer(struct database_session *session, PGresult **res)
{
	struct session *s = session_of(session);
	struct answer *a;
	bool ok;

	pthread_mutex_lock(&s->memory->lock);
	ok = !s->ended;
	a = ok && !s->unsent && s->memory->pace != MEMORY_UNANSWERED ? s->answers : NULL;
	if (a) {
		*res = a->res;
		s->answers = a->next;
		if (!s->answers)
			s->last = &s->answers;
		free(a);
	}
	pthread_mutex_unlock(&s->memory->lock);
	return ok;
}

static int fd(struct database_session *session)
{
	return session_of(session)->fd;
}

static bool alive(struct database_session *session, struct error *err)
{
	struct session *s = session_of(session);
	bool ok;

	pthread_mutex_lock(&s->memory->lock);
	ok = !has_ended(s, err);
	pthread_mutex_unlock(&s->memory->lock);
	return ok;
}

static PGconn *connection(struct database_session *session)
{
	return NULL;
}

static void close_session(struct database_session *session)
{
	struct session *s = session_of(session), **p;
	struct memory *m = s->memory;
	struct answer *a;

	pthread_mutex_lock(&m->lock);
	end_session(s);
	for (p = &m->sessions; *p != s; p = &(*p)->next)
		;
	*p = s->next;
	pthread_mutex_unlock(&m->lock);
	while ((a = s->answers)) {
		s->answers = a->next;
		PQclear(a->res);
		free(a);
	}
	close(s->fd);
	free(s);
}

static void free_memory(struct database *db)
{
	struct memory *m = memory_of(db);

	assert(!m->sessions);
	store_free(m->committed);
	store_free(m->flushed);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

static const struct database_ops memory_ops = {
	.name = "memory",
	.free = free_memory,
	.open_writer = open_writer,
	.reclaim = reclaim,
	.progress = progress,
	.apply = apply,
	.open_reader = open_reader,
	.beside_writer = beside_writer,
	.ask = ask,
	.exchange = exchange,
	.answer = answer,
	.fd = fd,
	.alive = alive,
	.connection = connection,
	.close = close_session,
};

static struct database *memory_with(struct store *committed)
{
	struct memory *m = xcalloc(1, sizeof(*m));

	m->database.ops = &memory_ops;
	pthread_mutex_init(&m->lock, NULL);
	m->committed = committed;
	m->flushed = store_copy(committed);
	return &m->database;
}

struct database *memory_new(void)
{
	return memory_with(store_new());
}

uint64_t memory_mount(struct database *db)
{
	struct memory *m = memory_of(db);
	uint64_t id;

	pthread_mutex_lock(&m->lock);
	id = ++m->committed->mounts;
	m->flushed->mounts = id;
	assert(id < sizeof(m->committed->mount) / sizeof(m->committed->mount[0]));
	pthread_mutex_unlock(&m->lock);
	return id;
}

static void end_sessions(struct memory *m, bool crash)
{
	pthread_mutex_lock(&m->lock);
	if (crash) {
		store_free(m->committed);
		m->committed = store_copy(m->flushed);
	}
	for (struct session *s = m->sessions; s; s = s->next)
		end_session(s);
	pthread_mutex_unlock(&m->lock);
}

void memory_end_sessions(struct database *db)
{
	end_sessions(memory_of(db), false);
}

void memory_crash(struct database *db)
{
	end_sessions(memory_of(db), true);
}

void memory_set_pace(struct database *db, enum memory_pace pace)
{
	struct memory *m = memory_of(db);

	pthread_mutex_lock(&m->lock);
	m->pace = pace;
	/* Answers that were held back come now; of what was not sent nobody is told. */
	for (struct session *s = m->sessions; s; s = s->next)
		if (s->answers && !s->unsent)
			eventfd_write(s->fd, 1);
	pthread_mutex_unlock(&m->lock);
}

struct database *memory_copy(struct database *db, bool flushed)
{
	struct memory *m = memory_of(db);
	struct store *s;

	pthread_mutex_lock(&m->lock);
	s = store_copy(flushed ? m->flushed : m->committed);
	pthread_mutex_unlock(&m->lock);
	return memory_with(s);
}

int memory_count(struct database *db, enum memory_table table)
{
	struct memory *m = memory_of(db);
	int count;

	pthread_mutex_lock(&m->lock);
	count = (int)HASH_COUNT(m->committed->table[table]);
	pthread_mutex_unlock(&m->lock);
	return count;
}

int64_t memory_int(struct database *db, enum memory_table table, int row, int column)
{
	struct memory *m = memory_of(db);
	const struct row *r;
	int64_t v = 0;

	pthread_mutex_lock(&m->lock);
	r = m->committed->table[table];
	for (int i = 0; r && i < row; i++)
		r = r->hh.next;
	if (r && column < r->count)
		v = cell_int(r->cell[column].data, r->cell[column].len);
	pthread_mutex_unlock(&m->lock);
	return v;
}
