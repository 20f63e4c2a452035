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
#include "base/log.h"
#include "db/conn.h"
#include "journal/journal_impl.h"

/* A record is its data and at most this. */
#define RECORD_OVERHEAD 32768

struct journal_waiter *waiters_take(struct journal_waiter **list, uint64_t up_to)
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

void waiters_call(struct journal_waiter *list, int error)
{
	while (list) {
		struct journal_waiter *w = list;
		list = w->next;
		w->fn(w, error);
	}
}

enum journal_room journal_room(struct journal *j, size_t data, enum journal_use use)
{
	enum journal_room room = j->failed ? JOURNAL_LATER : space_room(j, data, use);

	if (room != JOURNAL_ROOM)
		return room;
	return !j->held && !j->lost && ring_fits(j->ring, data + RECORD_OVERHEAD) ? JOURNAL_ROOM
										  : JOURNAL_LATER;
}

void journal_wake(struct journal *j)
{
	pthread_cond_signal(&j->work);
	if (j->sleeping) {
		j->sleeping = false;
		eventfd_write(j->wake_fd, 1);
	}
}

size_t journal_uncommitted(const struct journal *j)
{
	return ring_head(j->ring) - j->pos;
}

bool journal_failed(const struct journal *j)
{
	return j->failed;
}

bool journal_held(const struct journal *j)
{
	return j->held;
}

void journal_wait_room(struct journal *j, struct journal_waiter *w)
{
	w->next = j->room_waiters;
	j->room_waiters = w;
	journal_wake(j);
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
	bool was_idle = !journal_uncommitted(j);
	const void *data = NULL;
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
	record_encode(r, ring_reserve(j->ring, size), &data);
	ring_push(j->ring, size, r->op);
	if (was_idle)
		j->first_ns = clock_mono_ns();
	if (was_idle || journal_uncommitted(j) > LINGER_BYTES)
		journal_wake(j);
	return data;
}

static bool wait_for_head(
	struct journal *j, struct journal_waiter **list, struct journal_waiter *w, uint64_t reached)
{
	w->op = ring_head_op(j->ring);
	if (reached >= w->op && !j->lost)
		return true;
	w->next = *list;
	*list = w;
	journal_wake(j);
	return false;
}

bool journal_sync(struct journal *j, struct journal_waiter *w)
{
	return wait_for_head(j, &j->sync_waiters, w, j->flushed_op);
}

bool journal_commit(struct journal *j, struct journal_waiter *w)
{
	return wait_for_head(j, &j->commit_waiters, w, journal_committed(j));
}

bool journal_exclusive(struct journal *j, bool (*fn)(void *arg, PGconn *conn, struct error *err),
	void *arg, struct journal_marks *marks, struct error *err)
{
	struct job job = {.fn = fn, .arg = arg, .marks = marks, .err = err};

	pthread_mutex_lock(j->config.lock);
	*marks = (struct journal_marks){.next_op = j->next_op};
	if (j->failed || j->stop) {
		pthread_mutex_unlock(j->config.lock);
		return error_set(err, ERR_UNREACHABLE, "the filesystem is being unmounted");
	}
	j->held = true;
	j->job = &job;
	journal_wake(j);
	while (!job.done && (job.running || !j->failed))
		pthread_cond_wait(&j->job_done, j->config.lock);
	if (!job.done)
		j->job = NULL;
	pthread_mutex_unlock(j->config.lock);
	return job.done ? job.ok : error_set(err, ERR_UNREACHABLE, "the journal has failed");
}

void journal_go_on(struct journal *j)
{
	j->held = false;
	journal_wake(j);
}

void journal_watch(struct journal *j)
{
	struct ring_remake *remake;
	char path[PATH_MAX];
	struct error err;
	size_t size;
	bool ok, moved;

	pthread_mutex_lock(j->config.lock);
	snprintf(path, sizeof(path), "%s", ring_name(j->ring));
	size = ring_size(j->ring);
	pthread_mutex_unlock(j->config.lock);
	if (ring_intact(path, ring_fd(j->ring)))
		return;
	remake = ring_remake_begin(j->config.key, path, size, &err);
	ok = remake != NULL;
	if (ok) {
		pthread_mutex_lock(j->config.lock);
		/* It may have got another name meanwhile, from ring_keep(). */
		moved = strcmp(path, ring_name(j->ring)) != 0;
		if (moved)
			ring_remake_drop(remake);
		else
			ok = ring_remake_end(j->ring, remake, &err);
		snprintf(path, sizeof(path), "%s", ring_name(j->ring));
		pthread_mutex_unlock(j->config.lock);
		if (moved)
			return;
	}
	if (ok)
		log_error("the journal's file was removed or replaced while it was in use; it was "
			  "made again, with all that it held: %s",
			path);
	else if (!j->unwatched)
		log_error("the journal's file was removed or replaced while it was in use, and if "
			  "this daemon is killed, what is not committed is lost: %s",
			err.text);
	j->unwatched = !ok;
}

struct settling {
	struct journal_waiter waiter;
	struct journal *journal;
	bool over;
};

static void settled(struct journal_waiter *w, int error)
{
	struct settling *s = (struct settling *)w;

	pthread_mutex_lock(s->journal->config.lock);
	s->over = true;
	pthread_cond_broadcast(&s->journal->settled);
	pthread_mutex_unlock(s->journal->config.lock);
}

void journal_settle(struct journal *j)
{
	struct settling s = {.waiter = {.fn = settled}, .journal = j};

	pthread_mutex_lock(j->config.lock);
	/* A batch that is refused is tried again, and so is this. Also where nothing is left to be
	 * flushed, the answer says that the drain's session is alive, and so that we have the
	 * lease. */
	do {
		s.over = j->failed || j->ended;
		if (!s.over) {
			s.waiter.op = ring_head_op(j->ring);
			s.waiter.next = j->sync_waiters;
			j->sync_waiters = &s.waiter;
			journal_wake(j);
		}
		while (!s.over)
			pthread_cond_wait(&j->settled, j->config.lock);
	} while (!j->failed && !j->ended && j->flushed_op < s.waiter.op);
	pthread_mutex_unlock(j->config.lock);
}

void journal_on_lease(struct journal *j, void (*fn)(void *arg, enum journal_lease lease), void *arg)
{
	pthread_mutex_lock(j->config.lock);
	j->on_lease = fn;
	j->on_lease_arg = arg;
	if (j->lost || j->failed)
		fn(arg, j->failed ? JOURNAL_LEASE_GONE : JOURNAL_LEASE_LOST);
	pthread_mutex_unlock(j->config.lock);
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
	if (!config->history)
		batch_without_history(j->batch);
	j->next_op = config->next_op;
	j->pos = ring_tail(ring);
	j->committed_op = j->flushed_op = config->next_op - 1;
	j->last_at = config->last_at;
	j->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	journal_look(j);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&j->work, &attr);
	pthread_cond_init(&j->job_done, &attr);
	pthread_cond_init(&j->settled, &attr);
	pthread_condattr_destroy(&attr);
	if (j->wake_fd >= 0 && PQenterPipelineMode(conn) &&
		pthread_create(&j->thread, NULL, drain_main, j) == 0)
		return j;
	error_sys(err, "cannot start the drain");
	journal_free(j);
	return NULL;
}

bool journal_stop(struct journal *j)
{
	pthread_mutex_lock(j->config.lock);
	j->stop = true;
	journal_wake(j);
	pthread_mutex_unlock(j->config.lock);
	pthread_join(j->thread, NULL);
	PQexitPipelineMode(j->conn);
	return ring_empty(j->ring);
}

const char *journal_path(const struct journal *j)
{
	return ring_name(j->ring);
}

PGconn *journal_conn(struct journal *j)
{
	return j->conn;
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	/* The lease covers the file for all of its life, so it goes last. */
	ring_close(j->ring);
	PQfinish(j->conn);
	if (j->wake_fd >= 0)
		close(j->wake_fd);
	batch_free(j->batch);
	pthread_cond_destroy(&j->work);
	pthread_cond_destroy(&j->job_done);
	pthread_cond_destroy(&j->settled);
	free(j->conninfo);
	free(j);
}
