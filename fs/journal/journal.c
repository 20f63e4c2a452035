#include "journal/journal.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "db/conn.h"

/* A batch takes what has gathered, up to these. */
#define BATCH_MAX_OPS   4096
#define BATCH_MAX_BYTES (8u << 20)

/*
 * How long the first op of a batch waits for company, unless someone waits for it. A transaction
 * costs as much as some ten more ops in it do, and the server shares the processors with those who
 * make the ops.
 */
#define LINGER_NS    INT64_C(5000000)
#define LINGER_BYTES (2u << 20)

/* A record is its data and at most this. */
#define RECORD_OVERHEAD 32768

struct journal {
	struct journal_config config;
	char *conninfo;
	struct ring *ring;
	PGconn *conn;
	struct batch *batch;
	pthread_t thread;
	pthread_cond_t work; /* with config.lock: the drain has something to do */
	bool stop;
	bool failed;    /* the drain gave up: lost the lease to someone else */
	int sync_error; /* errno for those who sync while batches cannot be committed */
	uint64_t next_op;
	uint64_t flushed_op; /* last op that is on disk */
	int64_t last_at;
	int64_t first_ns; /* when the oldest op that is not in a batch came, monotonic */
	struct journal_waiter *sync_waiters, *room_waiters;
};

bool journal_has_room(const struct journal *j, size_t data)
{
	return ring_fits(j->ring, data + RECORD_OVERHEAD);
}

bool journal_failed(const struct journal *j)
{
	return j->failed;
}

void journal_wait_room(struct journal *j, struct journal_waiter *w)
{
	w->next = j->room_waiters;
	j->room_waiters = w;
	pthread_cond_signal(&j->work);
}

uint64_t journal_next_op(const struct journal *j)
{
	return j->next_op;
}

uint64_t journal_committed(const struct journal *j)
{
	return ring_tail_op(j->ring);
}

const void *journal_append(struct journal *j, struct record *r)
{
	bool was_idle = ring_empty(j->ring);
	const void *data = NULL;
	size_t size;
	int64_t now = clock_now_ns() / 1000;

	/* No two ops at one time: valid_from then orders versions as op does. */
	r->at = now > j->last_at ? now : j->last_at + 1;
	r->op = j->next_op++;
	j->last_at = r->at;
	size = record_size(r);
	record_encode(r, ring_reserve(j->ring, size), &data);
	ring_push(j->ring, size, r->op);
	if (was_idle)
		j->first_ns = clock_mono_ns();
	if (was_idle || ring_used(j->ring) > LINGER_BYTES)
		pthread_cond_signal(&j->work);
	return data;
}

bool journal_sync(struct journal *j, struct journal_waiter *w)
{
	w->op = ring_head_op(j->ring);
	if (j->flushed_op >= w->op)
		return true;
	w->next = j->sync_waiters;
	j->sync_waiters = w;
	pthread_cond_signal(&j->work);
	return false;
}

/*
 * Folds what is in the ring from its tail on, within the limits, except ops up to `done`, which the
 * database has already. Returns where it ends.
 */
static uint64_t fold_ring(struct ring *ring, struct batch *b, uint64_t done, bool *corrupt)
{
	uint64_t pos = ring_tail(ring);
	const void *at;
	size_t avail;

	*corrupt = false;
	while (batch_ops(b) < BATCH_MAX_OPS && batch_bytes(b) < BATCH_MAX_BYTES &&
		(at = ring_at(ring, &pos, &avail))) {
		struct record r;
		size_t n = record_decode(at, avail, &r);
		if (!n) {
			*corrupt = true;
			break;
		}
		if (r.op > done)
			batch_add(b, &r);
		pos += n;
	}
	return pos;
}

static struct journal_waiter *take_waiters(struct journal_waiter **list, uint64_t up_to)
{
	struct journal_waiter *taken = NULL, **p = list;

	while (*p) {
		struct journal_waiter *w = *p;
		if (w->op <= up_to) {
			*p = w->next;
			w->next = taken;
			taken = w;
		} else {
			p = &w->next;
		}
	}
	return taken;
}

static void call_waiters(struct journal_waiter *list, int error)
{
	while (list) {
		struct journal_waiter *w = list;
		list = w->next;
		w->fn(w, error);
	}
}

/* Says to those who sync that it cannot be done now; they may try again. */
static void fail_syncs(struct journal *j, int error)
{
	struct journal_waiter *waiters;

	pthread_mutex_lock(j->config.lock);
	j->sync_error = error;
	waiters = error ? take_waiters(&j->sync_waiters, UINT64_MAX) : NULL;
	pthread_mutex_unlock(j->config.lock);
	call_waiters(waiters, error);
}

static void wait_ms(struct journal *j, int ms)
{
	struct timespec until = ns_timespec(clock_mono_ns() + (int64_t)ms * 1000000);

	pthread_mutex_lock(j->config.lock);
	while (!j->stop && pthread_cond_timedwait(&j->work, j->config.lock, &until) != ETIMEDOUT)
		;
	pthread_mutex_unlock(j->config.lock);
}

/* What the database has of this mount. False when it cannot be asked, or when another mount has
 * written. */
static bool ask_last_op(struct journal *j, uint64_t *last, bool *fenced, struct error *err)
{
	char id[24];
	const char *params[] = {id};
	PGresult *res;

	snprintf(id, sizeof(id), "%llu", (unsigned long long)j->config.mount);
	res = db_query(j->conn,
		"with m as (update thule.mount set backend = pg_backend_pid() where id = $1::bigint"
		" returning last_op) select last_op, (select max(id) > $1::bigint from thule.mount"
		" where not read_only) from m",
		1, params, err);
	if (!res)
		return false;
	*last = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
	*fenced = PQgetvalue(res, 0, 1)[0] == 't';
	PQclear(res);
	return true;
}

/* Makes the connection anew and takes the lease back. *last is what had been committed. */
static bool reconnect(struct journal *j, uint64_t *last, struct error *err)
{
	bool fenced;

	PQfinish(j->conn);
	j->conn = drain_connect(j->config.conninfo, err);
	if (!j->conn || !ask_last_op(j, last, &fenced, err))
		return false;
	if (fenced) {
		j->failed = true;
		return error_set(err, ERR_BUSY,
			"another mount has taken the filesystem over while the connection was "
			"lost; "
			"what was not committed stays in the journal");
	}
	return PQenterPipelineMode(j->conn)
		       ? true
		       : error_set(err, ERR_INTERNAL, "cannot enter pipeline mode");
}

/* Commits the batch, trying again for as long as it takes. False when there is no hope. */
static bool commit_batch(struct journal *j, bool sync)
{
	struct error err;
	int delay_ms = 10;
	bool said = false;

	while (!batch_commit(j->batch, j->conn, sync, &err)) {
		if (!said || delay_ms >= 1000)
			log_warn("%s; trying again", err.text);
		said = true;
		/* A server that comes back is waited for; one that refuses is reported to those who
		 * sync. */
		if (err.class != ERR_UNREACHABLE && err.class != ERR_TRANSIENT)
			fail_syncs(j, error_to_errno(&err));
		for (;;) {
			uint64_t last = 0;
			wait_ms(j, delay_ms);
			delay_ms = delay_ms < 1000 ? delay_ms * 2 : 1000;
			if (j->stop && delay_ms >= 1000)
				return false;
			if (PQstatus(j->conn) == CONNECTION_OK)
				break;
			if (reconnect(j, &last, &err)) {
				if (batch_ops(j->batch) && last >= batch_last_op(j->batch) && !sync)
					return true;
				if (batch_ops(j->batch) && last >= batch_last_op(j->batch))
					batch_reset(j->batch); /* it is in; the empty batch flushes
								  it */
				break;
			}
			if (j->failed) {
				log_error("%s", err.text);
				return false;
			}
		}
	}
	if (said)
		log_info("the database takes batches again");
	fail_syncs(j, 0);
	return true;
}

/* Under the lock. Waits until there is a batch worth committing; false when it is time to end. */
static bool wait_for_work(struct journal *j)
{
	for (;;) {
		bool idle = ring_empty(j->ring);
		bool hurry = j->sync_waiters || j->room_waiters || j->stop ||
			     ring_used(j->ring) > LINGER_BYTES;
		struct timespec until;

		if (idle && j->sync_waiters)
			return true;
		if (idle && j->stop)
			return j->flushed_op < ring_head_op(j->ring);
		if (idle) {
			pthread_cond_wait(&j->work, j->config.lock);
			continue;
		}
		if (hurry || clock_mono_ns() >= j->first_ns + LINGER_NS)
			return true;
		until = ns_timespec(j->first_ns + LINGER_NS);
		pthread_cond_timedwait(&j->work, j->config.lock, &until);
	}
}

/* Under the lock: what a batch took is in the database now. */
static void batch_done(struct journal *j, uint64_t pos, uint64_t op, bool sync)
{
	j->config.committed(j->config.arg, j->batch, op);
	ring_release(j->ring, pos, op);
	j->first_ns = clock_mono_ns();
	if (sync)
		j->flushed_op = op;
}

static void *drain_main(void *arg)
{
	struct journal *j = arg;
	pthread_mutex_t *lock = j->config.lock;

	pthread_mutex_lock(lock);
	while (wait_for_work(j)) {
		struct journal_waiter *synced = NULL, *roomy;
		bool sync = j->sync_waiters || j->stop, corrupt, ok;
		uint64_t pos, op;

		pthread_mutex_unlock(lock);
		pos = fold_ring(j->ring, j->batch, 0, &corrupt);
		op = batch_ops(j->batch) ? batch_last_op(j->batch) : ring_tail_op(j->ring);
		if (corrupt) {
			log_error("the journal has a record that cannot be read after op %llu",
				(unsigned long long)op);
			j->failed = true;
		}
		ok = !j->failed && commit_batch(j, sync);

		pthread_mutex_lock(lock);
		if (ok)
			batch_done(j, pos, op, sync);
		else
			j->failed = true;
		if (ok && sync)
			synced = take_waiters(&j->sync_waiters, op);
		if (!ok)
			synced = take_waiters(&j->sync_waiters, UINT64_MAX);
		roomy = j->room_waiters;
		j->room_waiters = NULL;
		pthread_mutex_unlock(lock);
		batch_reset(j->batch);
		call_waiters(synced, ok ? 0 : EIO);
		call_waiters(roomy, ok ? 0 : EIO);
		pthread_mutex_lock(lock);
		if (!ok)
			break;
	}
	pthread_mutex_unlock(lock);
	return NULL;
}

struct journal *journal_start(
	const struct journal_config *config, PGconn *conn, struct ring *ring, struct error *err)
{
	struct journal *j = xcalloc(1, sizeof(*j));
	pthread_condattr_t attr;

	j->config = *config;
	j->config.conninfo = j->conninfo = strdup(config->conninfo);
	j->conn = conn;
	j->ring = ring;
	j->batch = batch_new(config->mount, config->next_blob);
	j->next_op = config->next_op;
	j->flushed_op = config->next_op - 1;
	j->last_at = config->last_at;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&j->work, &attr);
	pthread_condattr_destroy(&attr);
	if (PQenterPipelineMode(conn) && pthread_create(&j->thread, NULL, drain_main, j) == 0)
		return j;
	error_sys(err, "cannot start the drain");
	journal_free(j);
	return NULL;
}

bool journal_stop(struct journal *j)
{
	pthread_mutex_lock(j->config.lock);
	j->stop = true;
	pthread_cond_signal(&j->work);
	pthread_mutex_unlock(j->config.lock);
	pthread_join(j->thread, NULL);
	PQexitPipelineMode(j->conn);
	return ring_empty(j->ring);
}

PGconn *journal_conn(struct journal *j)
{
	return j->conn;
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	PQfinish(j->conn);
	ring_close(j->ring);
	batch_free(j->batch);
	pthread_cond_destroy(&j->work);
	free(j->conninfo);
	free(j);
}

bool journal_replay(struct ring *ring, PGconn *conn, uint64_t *last_op, uint64_t *next_blob,
	uint64_t *replayed, struct error *err)
{
	struct batch *b = batch_new(ring_mount(ring), *next_blob);
	bool ok = PQenterPipelineMode(conn);

	*replayed = 0;
	while (ok && !ring_empty(ring)) {
		bool corrupt;
		uint64_t pos = fold_ring(ring, b, *last_op, &corrupt);
		if (corrupt && !batch_ops(b))
			ok = error_set(err, ERR_CORRUPT,
				"the journal has a record that cannot be read after op %llu",
				(unsigned long long)*last_op);
		if (!ok || (batch_ops(b) && !batch_commit(b, conn, true, err))) {
			ok = false;
			break;
		}
		if (batch_ops(b))
			*last_op = batch_last_op(b);
		*replayed += batch_ops(b);
		ring_release(ring, pos, *last_op);
		batch_reset(b);
	}
	*next_blob = batch_next_blob(b);
	batch_free(b);
	PQexitPipelineMode(conn);
	return ok;
}
