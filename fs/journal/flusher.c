#include "base/clock.h"
#include "base/log.h"
#include "journal/journal_impl.h"

/*
 * fsync=journal: who syncs waits for the disk of the ring's file and not for the database, which
 * follows. Who comes first flushes, on the thread that has the request, since to hand that over and
 * to be told takes as long as the disk of a fast machine. All who came meanwhile share the next
 * flush, which a thread of its own makes; and so it does all of them where the disk is slow.
 */

/* A flush that took longer is not made by a thread that serves others. */
#define FLUSH_HERE_NS INT64_C(2000000)

/* So much of the ring may be given back and not be used again for want of a flush. */
#define RECYCLE_SHARE 8

void flusher_forgo(struct journal *j)
{
	if (!j->flushing)
		return;
	log_error("fsync waits for the database from now on, and not for the journal, as "
		  "fsync=journal "
		  "would have it: mount again");
	ring_forgo(j->ring);
	j->flushing = false;
	while (j->ring_waiters) {
		struct journal_waiter *w = j->ring_waiters;

		j->ring_waiters = w->next;
		w->next = j->sync_waiters;
		j->sync_waiters = w;
	}
	pthread_cond_signal(&j->flush_work);
	machine_wake(j);
}

/* Under the lock: what is to be done after a flush. */
static void settle(struct journal *j, uint64_t op, bool release, struct journal_waiter **synced,
	struct journal_waiter **roomy)
{
	j->ring_flushed_op = op;
	*synced = waiters_take(&j->ring_waiters, op);
	if (release && j->drain.target != DRAIN_QUIESCE) {
		*roomy = j->room_waiters;
		j->room_waiters = NULL;
	}
	/* Of those who came meanwhile. */
	if (j->ring_waiters || j->recycle)
		pthread_cond_signal(&j->flush_work);
}

/* Under the lock, which it lets go of meanwhile; nobody else flushes. */
static void flush(struct journal *j, bool release)
{
	struct journal_waiter *synced = NULL, *roomy = NULL;
	uint64_t op = ring_head_op(j->ring);
	struct ring_mark mark;
	struct error err;
	int64_t begun = clock_mono_ns();
	bool ok;

	ring_mark(j->ring, release, &mark);
	j->flush_runs = true;
	j->recycle = j->recycle && !release;
	pthread_mutex_unlock(j->config.lock);
	ok = ring_flush(j->ring, &mark, &err);
	pthread_mutex_lock(j->config.lock);
	j->flush_runs = false;
	j->flush_ns = clock_mono_ns() - begun;
	/* What a disk that fails has got, only it knows. */
	if (!ok) {
		log_error("%s", err.text);
		flusher_forgo(j);
	}
	if (!j->flushing)
		return;
	settle(j, op, release, &synced, &roomy);
	if (!synced && !roomy)
		return;
	pthread_mutex_unlock(j->config.lock);
	waiters_call(synced, 0);
	waiters_call(roomy, 0);
	pthread_mutex_lock(j->config.lock);
}

bool flusher_flush_here(struct journal *j, uint64_t op)
{
	if (j->flush_runs || j->flush_ns > FLUSH_HERE_NS)
		return false;
	flush(j, false);
	return j->flushing && j->ring_flushed_op >= op;
}

static void *flusher_main(void *arg)
{
	struct journal *j = arg;

	pthread_mutex_lock(j->config.lock);
	while (j->flushing && !(j->flusher_stop && !j->ring_waiters)) {
		if (!j->flush_runs && (j->ring_waiters || j->recycle))
			flush(j, j->recycle);
		else
			pthread_cond_wait(&j->flush_work, j->config.lock);
	}
	pthread_mutex_unlock(j->config.lock);
	return NULL;
}

void flusher_recycle(struct journal *j)
{
	if (!j->flushing || ring_unflushed(j->ring) < ring_size(j->ring) / RECYCLE_SHARE)
		return;
	j->recycle = true;
	pthread_cond_signal(&j->flush_work);
}

bool flusher_start(struct journal *j, struct error *err)
{
	if (!ring_is_durable(j->ring))
		return true;
	j->flushing = true;
	j->flusher_runs = pthread_create(&j->flusher, NULL, flusher_main, j) == 0;
	return j->flusher_runs || error_sys(err, "cannot start the flusher of the journal");
}

void flusher_stop(struct journal *j)
{
	if (!j->flusher_runs)
		return;
	pthread_mutex_lock(j->config.lock);
	j->flusher_stop = true;
	pthread_cond_signal(&j->flush_work);
	pthread_mutex_unlock(j->config.lock);
	pthread_join(j->flusher, NULL);
	pthread_mutex_lock(j->config.lock);
	j->flushing = false;
	j->flusher_runs = false;
	pthread_mutex_unlock(j->config.lock);
}
