#include <errno.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/probe.h"
#include "journal/journal_impl.h"

/*
 * How long the first op of a batch waits for company, unless someone waits for it. A transaction
 * costs as much as some ten more ops in it do, and the server shares the processors with those who
 * make the ops.
 */
#define LINGER_NS INT64_C(5000000)

/*
 * After a batch of so many ops there will be more: the next one waits for longer, because what a
 * batch costs beside its rows is spread over them then (README.md).
 */
#define LOADED_OPS       64
#define LOADED_LINGER_NS INT64_C(20000000)

/*
 * A server that crashes loses what it had committed but not flushed, so that stays in the ring. It
 * is flushed when someone syncs, when nothing has come for so long, and before it takes more than
 * this share of the ring.
 */
#define FLUSH_NS    INT64_C(100000000)
#define FLUSH_SHARE 4

/* Under the lock: whether somebody waits for the drain, however little there is to commit. */
static bool is_asked(const struct journal *j)
{
	return j->sync_waiters || j->commit_waiters || j->job ||
	       (j->room_waiters && !machine_quiesced(j));
}

/* Under the lock: how long the first op may wait for others. */
static int64_t linger_ns(const struct journal *j)
{
	return j->loaded ? LOADED_LINGER_NS : LINGER_NS;
}

/*
 * Under the lock, which it lets go of meanwhile: calls those who waited for room while a job was
 * performed, since there is room now. Where a full disk may be what they wait for, and where
 * something is to be committed anyway, that comes first. Returns whether there were any.
 */
static bool let_in(struct journal *j)
{
	struct journal_waiter *roomy = j->room_waiters;

	if (!roomy || machine_quiesced(j) || !ring_empty(j->ring) || j->space.look_wanted ||
		j->sync_waiters || j->commit_waiters || j->job)
		return false;
	j->room_waiters = NULL;
	pthread_mutex_unlock(j->config.lock);
	waiters_call(roomy, 0);
	pthread_mutex_lock(j->config.lock);
	return true;
}

/* Under the lock, while gathering: waits until there is a batch worth committing, the session is
 * lost, or it is time to end, and moves to the state of that. */
static void wait_for_work(struct journal *j)
{
	for (;;) {
		bool idle = !machine_uncommitted(j), kept = !ring_empty(j->ring);
		bool stop = j->drain.target == DRAIN_STOP;
		bool hurry = is_asked(j) || j->room_waiters || stop ||
			     machine_uncommitted(j) > LINGER_BYTES;
		struct timespec until;
		int64_t due;

		if (let_in(j))
			continue;
		if (idle && is_asked(j))
			break;
		if (idle && stop && !kept) {
			machine_move(j, DRAIN_STOPPED);
			return;
		}
		if (idle && stop)
			break;
		if (!kept) {
			session_watch(j);
			if (j->drain.state == DRAIN_RECONNECTING)
				return;
			continue;
		}
		due = j->first_ns + (idle ? FLUSH_NS : linger_ns(j));
		if ((hurry && !idle) || clock_mono_ns() >= due)
			break;
		until = ns_timespec(due);
		pthread_cond_timedwait(&j->work, j->config.lock, &until);
	}
	machine_move(j, DRAIN_COMMITTING);
}

/* Under the lock: counts a batch by its size. One without ops flushes what was before it. */
static void count_size(struct journal *j)
{
	uint64_t ops = batch_ops(j->batch);
	int i = 0;

	if (!ops)
		return;
	while (i < JOURNAL_SIZES - 1 && ops > UINT64_C(1) << i)
		i++;
	j->sizes[i]++;
	j->ops += ops;
}

/* Under the lock: what a batch took is in the database now. */
static void batch_done(struct journal *j, uint64_t pos, uint64_t op, bool sync)
{
	j->config.committed(j->config.arg, j->batch, op);
	j->pos = pos;
	if (j->committed_op < op)
		j->committed_op = op;
	j->first_ns = clock_mono_ns();
	j->loaded = batch_ops(j->batch) >= LOADED_OPS;
	count_size(j);
	if (batch_ops(j->batch))
		j->committed_at = batch_last_at(j->batch);
	if (sync) {
		ring_release(j->ring, pos, op, j->committed_at);
		j->flushed_op = op;
		j->flushed_at = clock_now_ns();
		flusher_recycle(j);
	}
}

/* Without the lock: a batch is committed, and those who waited for it or for its room are told. */
static void answer(struct journal *j, uint64_t pos, uint64_t op, bool sync)
{
	struct journal_waiter *synced = NULL, *committed, *roomy = NULL;
	pthread_mutex_t *lock = j->config.lock;
	bool look;

	pthread_mutex_lock(lock);
	batch_done(j, pos, op, sync);
	look = j->space.look_wanted || space_is_tight(j);
	/* Before those who wait for room ask again. */
	if (look) {
		pthread_mutex_unlock(lock);
		space_look_drain(j);
		pthread_mutex_lock(lock);
	}
	machine_move(j, DRAIN_GATHERING);
	if (sync)
		synced = waiters_take(&j->sync_waiters, op);
	committed = waiters_take(&j->commit_waiters, op);
	if (!machine_quiesced(j)) {
		roomy = j->room_waiters;
		j->room_waiters = NULL;
	}
	pthread_mutex_unlock(lock);
	fault(FAULT_BATCH_TELL);
	waiters_call(synced, 0);
	waiters_call(committed, 0);
	waiters_call(roomy, 0);
	batch_reset(j->batch);
}

/* Says why no record can be taken, and fails. Returns false. */
static bool fail_corrupt(struct journal *j, uint64_t op)
{
	log_error("the journal has a record that cannot be read after op %llu",
		(unsigned long long)op);
	pthread_mutex_lock(j->config.lock);
	machine_move(j, DRAIN_FAILED);
	pthread_mutex_unlock(j->config.lock);
	return false;
}

/* Under the lock: from here on it is timed what is done with the batch. What is in it has waited
 * for its turn since its first op came. */
static void span_begin(struct journal *j, bool sync)
{
	int64_t now = clock_mono_ns();

	trace_begin(&j->span, sync ? TRACE_BATCH_FLUSHED : TRACE_BATCH, TRACE_QUEUE,
		machine_uncommitted(j) ? j->first_ns : now);
	trace_enter(&j->span, TRACE_GATHER);
}

/* Under the lock: the last op that somebody waits for to be flushed; FILL_ALL: nobody waits. */
static uint64_t needed_op(const struct journal *j)
{
	uint64_t op = 0;

	for (const struct journal_waiter *w = j->sync_waiters; w; w = w->next)
		op = w->op > op ? w->op : op;
	return j->sync_waiters ? op : FILL_ALL;
}

/* Commits what comes next in the ring. That and all before it is flushed when somebody waits for
 * that, and when nothing new is there. False when the drain has failed. */
static bool commit_next(struct journal *j)
{
	bool sync, corrupt;
	uint64_t pos, op, needed;
	struct error why;
	int64_t ns;

	pthread_mutex_lock(j->config.lock);
	needed = needed_op(j);
	sync = needed != FILL_ALL || j->drain.target == DRAIN_STOP ||
	       j->pos - ring_tail(j->ring) > ring_size(j->ring) / FLUSH_SHARE;
	span_begin(j, sync || !machine_uncommitted(j));
	pthread_mutex_unlock(j->config.lock);
	fault(FAULT_BATCH_FILL);
	pos = fill_batch(j->ring, j->batch, j->pos, j->applied_op, needed, &corrupt);
	sync = sync || pos == j->pos;
	op = batch_ops(j->batch) ? batch_last_op(j->batch) : j->committed_op;
	if (corrupt)
		return fail_corrupt(j, op);
	PROBE3(batch__begin, batch_ops(j->batch), batch_bytes(j->batch), sync);
	switch (commit_batch(j, sync, &why)) {
	case COMMIT_LOST:
		return session_regain(j, &why);
	case COMMIT_FATAL:
		return false;
	case COMMIT_DONE:
		break;
	}
	trace_enter(&j->span, TRACE_SETTLE);
	answer(j, pos, op, sync);
	ns = trace_end(j->config.trace, &j->span);
	PROBE3(batch__end, op, sync, ns);
	return true;
}

/* Does what comes next. False when the drain has stopped or failed. */
static bool step(struct journal *j)
{
	enum drain_state state;
	bool job;

	pthread_mutex_lock(j->config.lock);
	wait_for_work(j);
	state = j->drain.state;
	job = j->job && ring_empty(j->ring);
	pthread_mutex_unlock(j->config.lock);
	if (state == DRAIN_RECONNECTING)
		return session_regain(j, NULL);
	if (state == DRAIN_STOPPED)
		return false;
	return job ? job_run(j) : commit_next(j);
}

void *drain_main(void *arg)
{
	struct journal_waiter *synced, *committed, *roomy;
	struct journal *j = arg;

	while (step(j))
		;
	/* Who comes from now on finds the state. */
	pthread_mutex_lock(j->config.lock);
	job_refuse(j, "the journal has failed");
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
