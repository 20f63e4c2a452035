#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/conn.h"
#include "journal/journal_impl.h"

/* A batch takes what has gathered, up to these. */
#define BATCH_MAX_OPS   4096
#define BATCH_MAX_BYTES (8u << 20)

/*
 * How long the first op of a batch waits for company, unless someone waits for it. A transaction
 * costs as much as some ten more ops in it do, and the server shares the processors with those who
 * make the ops.
 */
#define LINGER_NS INT64_C(5000000)

/*
 * A server that crashes loses what it had committed but not flushed, so that stays in the ring. It
 * is flushed when someone syncs, when nothing has come for so long, and before it takes more than
 * this share of the ring.
 */
#define FLUSH_NS    INT64_C(100000000)
#define FLUSH_SHARE 4

uint64_t drain_fold(struct ring *ring, struct batch *b, uint64_t pos, uint64_t done, bool *corrupt)
{
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
		/* What is no op may have come after the one whose number it has. */
		if (r.op > done || (r.op == done && r.kind == OP_NONE))
			batch_add(b, &r);
		pos += n;
	}
	return pos;
}

/* Under the lock. Waits until there is a batch worth committing, or the session is lost; false when
 * it is time to end. */
static bool wait_for_work(struct journal *j)
{
	for (;;) {
		bool idle = !journal_uncommitted(j), kept = !ring_empty(j->ring);
		bool hurry = j->sync_waiters || j->commit_waiters || j->room_waiters || j->stop ||
			     j->job || journal_uncommitted(j) > LINGER_BYTES;
		struct timespec until;
		int64_t due;

		if (idle && (j->sync_waiters || j->commit_waiters || j->job))
			return true;
		if (idle && j->room_waiters && !j->held)
			return true;
		if (idle && j->stop)
			return kept;
		if (!kept) {
			if (!session_watch(j))
				return true;
			continue;
		}
		due = j->first_ns + (idle ? FLUSH_NS : LINGER_NS);
		if ((hurry && !idle) || clock_mono_ns() >= due)
			return true;
		until = ns_timespec(due);
		pthread_cond_timedwait(&j->work, j->config.lock, &until);
	}
}

/* Under the lock: what a batch took is in the database now. */
static void batch_done(struct journal *j, uint64_t pos, uint64_t op, bool sync)
{
	j->config.committed(j->config.arg, j->batch, op);
	j->pos = pos;
	if (j->committed_op < op)
		j->committed_op = op;
	j->first_ns = clock_mono_ns();
	if (batch_ops(j->batch))
		j->committed_at = batch_last_at(j->batch);
	if (sync) {
		ring_release(j->ring, pos, op, j->committed_at);
		j->flushed_op = op;
	}
}

/* The ids that a job used are used: the next op and the next blob come after them. */
static bool take_marks(struct journal *j, struct journal_marks *marks, struct error *err)
{
	PGresult *res = db_query(j->conn,
		"select s.next_op, s.next_ino, s.next_blob, (extract(epoch from o.at) * "
		"1000000)::bigint"
		" from thule.superblock s left join thule.op o on o.op = s.next_op - 1",
		0, NULL, err);

	if (!res)
		return false;
	marks->next_op = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
	marks->next_ino = strtoull(PQgetvalue(res, 0, 1), NULL, 10);
	batch_set_next_blob(j->batch, strtoull(PQgetvalue(res, 0, 2), NULL, 10));
	pthread_mutex_lock(j->config.lock);
	j->next_op = marks->next_op;
	j->committed_op = j->flushed_op = marks->next_op - 1;
	if (!PQgetisnull(res, 0, 3))
		j->last_at = strtoll(PQgetvalue(res, 0, 3), NULL, 10);
	j->committed_at = strtoll(PQgetvalue(res, 0, 3), NULL, 10);
	ring_begin(j->ring, j->config.mount, marks->next_op - 1, j->committed_at);
	pthread_mutex_unlock(j->config.lock);
	PQclear(res);
	return true;
}

/* Until it succeeds: without the marks, the next op could have an id that is used. */
static void insist_on_marks(struct journal *j, struct journal_marks *marks)
{
	struct error err;

	while (!j->failed && !take_marks(j, marks, &err)) {
		log_warn("%s; trying again", err.text);
		commit_wait(j, 200);
		if (PQstatus(j->conn) != CONNECTION_OK && session_reconnect(j, &err))
			PQexitPipelineMode(j->conn);
		if (j->stop) {
			pthread_mutex_lock(j->config.lock);
			session_give_up(j);
			pthread_mutex_unlock(j->config.lock);
		}
	}
}

static void run_job(struct journal *j)
{
	struct job *job = j->job;
	enum commit result;

	/* Everything is on disk; is the session alive? */
	do
		result = commit_batch(j, true);
	while (result == COMMIT_ANEW);
	if (result != COMMIT_DONE || !PQexitPipelineMode(j->conn)) {
		job->ok = error_set(
			job->err, ERR_UNREACHABLE, "the database does not take changes now");
	} else {
		j->unsure = true;
		job->ok = job->fn(job->arg, j->conn, job->err);
		insist_on_marks(j, job->marks);
		j->unsure = false;
		PQenterPipelineMode(j->conn);
	}
	batch_reset(j->batch); /* it was sent empty, and would take no more */
	pthread_mutex_lock(j->config.lock);
	job->done = true;
	j->job = NULL;
	pthread_cond_broadcast(&j->job_done);
	pthread_mutex_unlock(j->config.lock);
}

/*
 * Commits what comes next in the ring, up to *pos and *op. *sync: whether that and all before it is
 * flushed, which it always is when nothing new is there. False when there is no hope.
 */
static bool commit_next(struct journal *j, bool *sync, uint64_t *pos, uint64_t *op)
{
	enum commit result = COMMIT_HOPELESS;
	bool corrupt;

	do {
		*pos = drain_fold(j->ring, j->batch, j->pos, j->applied_op, &corrupt);
		*sync = *sync || *pos == j->pos;
		*op = batch_ops(j->batch) ? batch_last_op(j->batch) : j->committed_op;
		if (!corrupt)
			result = commit_batch(j, *sync);
	} while (result == COMMIT_ANEW && !corrupt);
	if (corrupt)
		log_error("the journal has a record that cannot be read after op %llu",
			(unsigned long long)*op);
	return result == COMMIT_DONE;
}

/* Takes what is in the ring to the database, and answers those who waited for it. False when there
 * is no hope. */
static bool drain_once(struct journal *j)
{
	pthread_mutex_t *lock = j->config.lock;
	struct journal_waiter *synced = NULL, *committed, *roomy = NULL;
	bool sync, look, ok;
	uint64_t pos, op;

	pthread_mutex_lock(lock);
	sync = j->sync_waiters || j->stop ||
	       j->pos - ring_tail(j->ring) > ring_size(j->ring) / FLUSH_SHARE;
	pthread_mutex_unlock(lock);
	ok = commit_next(j, &sync, &pos, &op);

	pthread_mutex_lock(lock);
	if (ok)
		batch_done(j, pos, op, sync);
	look = j->look_wanted;
	pthread_mutex_unlock(lock);
	/* Before those who wait for room ask again. */
	if (look)
		space_look_now(j);
	pthread_mutex_lock(lock);
	if (!ok)
		session_give_up(j);
	if (!ok || sync)
		synced = waiters_take(&j->sync_waiters, ok ? op : UINT64_MAX);
	committed = waiters_take(&j->commit_waiters, ok ? op : UINT64_MAX);
	if (!ok || !j->held) {
		roomy = j->room_waiters;
		j->room_waiters = NULL;
	}
	pthread_cond_broadcast(&j->job_done);
	pthread_mutex_unlock(lock);
	batch_reset(j->batch);
	waiters_call(synced, ok ? 0 : EIO);
	waiters_call(committed, ok ? 0 : EIO);
	waiters_call(roomy, ok ? 0 : EIO);
	return ok;
}

void *drain_main(void *arg)
{
	struct journal_waiter *synced, *committed, *roomy;
	struct journal *j = arg;
	bool more = true;

	while (more) {
		bool job;
		pthread_mutex_lock(j->config.lock);
		more = wait_for_work(j) && !j->failed;
		job = j->job && ring_empty(j->ring);
		if (job)
			j->job->running = true;
		pthread_mutex_unlock(j->config.lock);
		if (more && j->session_lost)
			more = session_renew(j);
		else if (more && job)
			run_job(j);
		else if (more)
			more = drain_once(j);
	}
	pthread_mutex_lock(j->config.lock);
	j->ended = true;
	pthread_cond_broadcast(&j->settled);
	synced = waiters_take(&j->sync_waiters, UINT64_MAX);
	committed = waiters_take(&j->commit_waiters, UINT64_MAX);
	roomy = j->room_waiters;
	j->room_waiters = NULL;
	pthread_mutex_unlock(j->config.lock);
	waiters_call(synced, EIO);
	waiters_call(committed, EIO);
	waiters_call(roomy, EIO);
	return NULL;
}
