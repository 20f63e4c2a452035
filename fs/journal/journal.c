#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "journal/journal_impl.h"

/* A record is its data and at most this. */
#define RECORD_OVERHEAD 32768

enum journal_room journal_room(struct journal *j, size_t data, enum journal_use use)
{
	enum journal_room room;

	if (journal_failed(j))
		return JOURNAL_LATER;
	if (j->refused && use != JOURNAL_END)
		return JOURNAL_REFUSED;
	room = space_room(j, data, use);
	if (room != JOURNAL_ROOM)
		return room;
	return !journal_quiesced(j) && machine_lease(j) == JOURNAL_LEASED &&
			       ring_fits(j->ring, data + RECORD_OVERHEAD)
		       ? JOURNAL_ROOM
		       : JOURNAL_LATER;
}

bool journal_leased(const struct journal *j)
{
	return machine_lease(j) == JOURNAL_LEASED;
}

void journal_look(struct journal *j)
{
	space_look(j);
}

bool journal_disk(struct journal *j, struct disk_space *out)
{
	return space_disk(j, out);
}

bool journal_failed(const struct journal *j)
{
	return j->drain.state == DRAIN_FAILED;
}

bool journal_quiesced(const struct journal *j)
{
	return machine_quiesced(j);
}

bool journal_lent(const struct journal *j)
{
	return j->following || (journal_quiesced(j) && j->lent);
}

bool journal_following(const struct journal *j)
{
	return j->following;
}

void journal_follow(struct journal *j, bool follows)
{
	pthread_mutex_lock(j->config.lock);
	j->following = follows;
	pthread_mutex_unlock(j->config.lock);
}

void journal_wait_room(struct journal *j, struct journal_waiter *w)
{
	w->next = j->room_waiters;
	j->room_waiters = w;
	machine_wake(j);
}

uint64_t journal_next_op(const struct journal *j)
{
	return j->next_op;
}

uint64_t journal_committed(const struct journal *j)
{
	return j->committed_op;
}

uint64_t journal_flushed(const struct journal *j)
{
	return j->flushed_op;
}

/*
 * No two ops are at one time, and a clock that is merely adjusted does not take time back; one that
 * was set back does, and the log says so.
 */
int64_t journal_next_at(const struct journal *j)
{
	int64_t now = clock_now_ns() / 1000;

	return now <= j->last_at && j->last_at - now <= CLOCK_TOLERANCE_US ? j->last_at + 1 : now;
}

const void *journal_append(struct journal *j, struct record *r)
{
	bool was_idle = !machine_uncommitted(j);
	const void *data = NULL;
	void *at;
	size_t size;

	/* What is no op belongs to the one before it. */
	if (r->kind != OP_NONE) {
		if (r->at <= j->last_at)
			r->flags |= RECORD_CLOCK_STEP;
		j->last_at = r->at;
		j->next_op++;
	}
	r->at = j->last_at;
	r->op = j->next_op - 1;
	size = record_size(r);
	at = ring_reserve(j->ring, size);
	record_encode(r, at, &data);
	record_seal(at);
	fault(FAULT_RING_APPEND);
	ring_push(j->ring, size, r->op);
	fault(FAULT_RING_APPENDED);
	if (was_idle)
		j->first_ns = clock_mono_ns();
	if (was_idle || machine_uncommitted(j) > LINGER_BYTES)
		machine_wake(j);
	return data;
}

static bool wait_for_op(struct journal *j, struct journal_waiter **list, struct journal_waiter *w,
	uint64_t op, uint64_t reached)
{
	w->op = op;
	if (reached >= op && machine_lease(j) == JOURNAL_LEASED)
		return true;
	w->next = *list;
	*list = w;
	return false;
}

/* Under the lock: whether the disk of the ring's file is what an fsync waits for. What a lost lease
 * leaves in the ring may never reach the database, nor what that refuses. */
static bool is_flushing(const struct journal *j)
{
	return j->flushing && !j->refused && machine_lease(j) == JOURNAL_LEASED;
}

/* Under the lock: whether an op is on either disk. */
static bool reached(const struct journal *j, uint64_t op)
{
	return op <= j->ring_flushed_op || op <= j->flushed_op;
}

bool journal_sync_op(struct journal *j, struct journal_waiter *w, uint64_t op)
{
	if (is_flushing(j) && (reached(j, op) || flusher_flush_here(j, op)))
		return true;
	if (is_flushing(j))
		return wait_for_op(j, &j->ring_waiters, w, op, 0);
	if (wait_for_op(j, &j->sync_waiters, w, op, j->flushed_op))
		return true;
	/* It sleeps elsewhere than where journal_hurry() looks for it. */
	if (j->drain.state == DRAIN_IDLE)
		machine_wake(j);
	return false;
}

bool journal_sync(struct journal *j, struct journal_waiter *w)
{
	if (wait_for_op(j, &j->sync_waiters, w, ring_head_op(j->ring), j->flushed_op))
		return true;
	machine_wake(j);
	return false;
}

bool journal_commit(struct journal *j, struct journal_waiter *w)
{
	if (wait_for_op(j, &j->commit_waiters, w, ring_head_op(j->ring), journal_committed(j)))
		return true;
	machine_wake(j);
	return false;
}

void journal_hurry(struct journal *j)
{
	pthread_cond_signal(j->flushing ? &j->flush_work : &j->work);
}

/* Has the drain run the job when all is committed, and waits for that. */
static bool run_job(struct journal *j, struct job *job)
{
	pthread_mutex_lock(j->config.lock);
	*job->marks = (struct journal_marks){.next_op = j->next_op};
	machine_aim(j, DRAIN_QUIESCE);
	j->job = job;
	j->lent = job->lent;
	if (j->no_more_jobs)
		job_refuse(j, "the filesystem is being unmounted");
	else if (journal_failed(j))
		job_refuse(j, "the journal has failed");
	machine_wake(j);
	while (!job->done)
		pthread_cond_wait(&j->job_done, j->config.lock);
	pthread_mutex_unlock(j->config.lock);
	return job->ok;
}

bool journal_exclusive(struct journal *j, bool (*fn)(void *arg, PGconn *conn, struct error *err),
	void *arg, struct journal_marks *marks, struct error *err)
{
	struct job job = {.fn = fn, .arg = arg, .marks = marks, .err = err};

	return run_job(j, &job);
}

bool journal_lend(struct journal *j, bool (*fn)(void *arg, PGconn *conn, struct error *err),
	void *arg, struct journal_marks *marks, struct error *err)
{
	struct job job = {.fn = fn, .arg = arg, .marks = marks, .err = err, .lent = true};

	return run_job(j, &job);
}

bool journal_waited(const struct journal *j)
{
	return j->sync_waiters || j->commit_waiters || j->ring_waiters;
}

bool journal_pressed(struct journal *j)
{
	bool pressed;

	pthread_mutex_lock(j->config.lock);
	pressed = j->room_waiters || j->no_more_jobs;
	pthread_mutex_unlock(j->config.lock);
	return pressed;
}

bool journal_ends(struct journal *j)
{
	bool ends;

	pthread_mutex_lock(j->config.lock);
	ends = j->no_more_jobs;
	pthread_mutex_unlock(j->config.lock);
	return ends;
}

void journal_resume(struct journal *j)
{
	machine_aim(j, DRAIN_RUN);
	j->lent = false;
	machine_wake(j);
}

void journal_refuse_jobs(struct journal *j)
{
	pthread_mutex_lock(j->config.lock);
	j->no_more_jobs = true;
	/* One that is performed may be done already, so that the database has to say. */
	if (!drain_in_job(&j->drain))
		job_refuse(j, "the filesystem is being unmounted");
	machine_wake(j);
	pthread_mutex_unlock(j->config.lock);
}

/* Under the lock: whether the drain has ended, or is about to. */
static bool is_over(const struct journal *j)
{
	return j->drain.state == DRAIN_STOPPED || j->drain.state == DRAIN_FAILED;
}

/* One who waits on a condition, where others are called. */
struct flush_wait {
	struct journal_waiter waiter;
	struct journal *journal;
	bool over;
};

static void flush_over(struct journal_waiter *w, int error)
{
	struct flush_wait *wait = (struct flush_wait *)w;

	pthread_mutex_lock(wait->journal->config.lock);
	wait->over = true;
	pthread_cond_broadcast(&wait->journal->flushed);
	pthread_mutex_unlock(wait->journal->config.lock);
}

void journal_wait_flushed(struct journal *j)
{
	struct flush_wait wait = {.waiter = {.fn = flush_over}, .journal = j};

	pthread_mutex_lock(j->config.lock);
	/* A batch that is refused is tried again, and so is this. Also where nothing is left to be
	 * flushed, the answer says that the drain's session is alive, and so that we have the
	 * lease. */
	do {
		wait.over = is_over(j);
		if (!wait.over) {
			wait.waiter.op = ring_head_op(j->ring);
			wait.waiter.next = j->sync_waiters;
			j->sync_waiters = &wait.waiter;
			machine_wake(j);
		}
		while (!wait.over)
			pthread_cond_wait(&j->flushed, j->config.lock);
	} while (!is_over(j) && j->flushed_op < wait.waiter.op);
	pthread_mutex_unlock(j->config.lock);
}

void journal_on_lease(struct journal *j, void (*fn)(void *arg, enum journal_lease lease), void *arg)
{
	pthread_mutex_lock(j->config.lock);
	j->on_lease = fn;
	j->on_lease_arg = arg;
	if (machine_lease(j) != JOURNAL_LEASED)
		fn(arg, machine_lease(j));
	pthread_mutex_unlock(j->config.lock);
}

struct journal *journal_start(const struct journal_config *config, struct database_session *session,
	struct ring *ring, struct error *err)
{
	struct journal *j = xcalloc(1, sizeof(*j));
	pthread_condattr_t attr;

	j->config = *config;
	j->session = session;
	j->ring = ring;
	j->batch = batch_new(config->mount, config->next_blob);
	if (!config->history)
		batch_without_history(j->batch);
	j->next_op = config->next_op;
	j->drain = (struct drain){DRAIN_GATHERING, DRAIN_RUN};
	j->pos = ring_tail(ring);
	j->committed_op = j->flushed_op = config->next_op - 1;
	j->flushed_at = clock_now_ns();
	j->last_at = config->last_at;
	j->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	journal_look(j);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&j->work, &attr);
	pthread_cond_init(&j->job_done, &attr);
	pthread_cond_init(&j->flushed, &attr);
	pthread_cond_init(&j->flush_work, &attr);
	pthread_condattr_destroy(&attr);
	if (j->wake_fd < 0 || !flusher_start(j, err)) {
		journal_free(j);
		return NULL;
	}
	if (pthread_create(&j->thread, NULL, drain_main, j) == 0)
		return j;
	error_sys(err, "cannot start the drain");
	flusher_stop(j);
	journal_free(j);
	return NULL;
}

bool journal_stop(struct journal *j)
{
	pthread_mutex_lock(j->config.lock);
	machine_aim(j, DRAIN_STOP);
	machine_wake(j);
	pthread_mutex_unlock(j->config.lock);
	flusher_stop(j);
	pthread_join(j->thread, NULL);
	return ring_empty(j->ring);
}

const char *journal_path(const struct journal *j)
{
	return ring_name(j->ring);
}

PGconn *journal_conn(struct journal *j)
{
	return database_connection(j->session);
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	/* The lease covers the file for all of its life, so it goes last. */
	ring_close(j->ring);
	database_close(j->session);
	if (j->wake_fd >= 0)
		close(j->wake_fd);
	batch_free(j->batch);
	pthread_cond_destroy(&j->work);
	pthread_cond_destroy(&j->job_done);
	pthread_cond_destroy(&j->flushed);
	pthread_cond_destroy(&j->flush_work);
	free(j);
}
