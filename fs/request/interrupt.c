#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/proc_read.h"
#include "request/request_impl.h"

/*
 * A process that is being killed stays until each request of its own is answered (Linux fuse_dev.c,
 * request_wait_answer), and the kernel says with FUSE_INTERRUPT, once, that a signal has come, not
 * which. Signals that a program handles must not be seen by what it asks of a filesystem, so a
 * request is ended, with EINTR, only when its thread is about to die (SIGKILL is pending for it, as
 * it is after every signal that ends a process). That is looked at when the interrupt comes, and
 * then again and again, because a later signal is not told.
 *
 * Of a signal that came before the request reached its transport, io_uring tells nothing at all
 * (Linux dev_uring.c, fuse_uring_prepare_send). So what has waited for a while there is looked at
 * as if it had got one.

 *
 * Who waits for a lock on a file is to be woken by any signal (fcntl(2), flock(2)). But only who
 * gives locks knows whether it was granted meanwhile, so it is that one who answers, and is told
 * here.
 */

/* Of a thread that cannot be seen, what has waited for so long is ended. */
#define UNSEEN_NS INT64_C(1000000000)

/* What is looked at. */
struct suspect {
	bool locks;
	uint64_t unique;
	int64_t since;
	int32_t pid;
	bool signalled;
	bool dying;
	bool woken;
};

static bool is_dying(const struct suspect *s)
{
	bool dying;

	if (s->pid > 0 && proc_signal_pending(s->pid, SIGKILL, &dying))
		return dying;
	return s->signalled && clock_mono_ns() - s->since >= UNSEEN_NS;
}

/* Whether one that waits for a lock has a signal of which nobody has told. */
static bool is_woken(const struct suspect *s)
{
	bool woken;

	return s->locks && !s->signalled && s->pid > 0 && proc_signal_deliverable(s->pid, &woken) &&
	       woken;
}

/* Under the lock. */
static void tell_locks(const struct request *r)
{
	const struct requests *rs = r->owner;

	if (r->info.wait == WAIT_LOCK && rs->interrupted)
		rs->interrupted(rs->interrupted_arg);
}

static bool is_suspect(const struct request *r, int64_t now)
{
	return r->info.state != REQUEST_INTERRUPTED &&
	       (r->signalled || (r->unheard && now - r->info.since >= LOOK_NS));
}

void interrupt_unwatch(struct request *r)
{
	if (r->info.state == REQUEST_INTERRUPTED)
		return;
	r->owner->signalled -= r->signalled;
	r->owner->unheard -= r->unheard;
	r->unheard = false;
	limit_unwatch(r);
}

static void end_early(struct request *r, int error)
{
	request_answer(r, error);
	interrupt_unwatch(r);
	request_move(r, REQUEST_INTERRUPTED);
	if (!r->spilling)
		request_drop_bytes(r);
	tell_locks(r);
}

/* Under the lock: ends the request with that number if it still waits. */
static void interrupt_one(struct requests *rs, uint64_t unique)
{
	for (struct request *r = rs->head.next; r != &rs->head; r = r->next)
		if (r->info.unique == unique && r->info.state != REQUEST_INTERRUPTED) {
			end_early(r, EINTR);
			return;
		}
}

/* Under the lock. */
static void suspect(struct request *r)
{
	interrupt_unwatch(r);
	r->signalled = true;
	r->owner->signalled++;
	pthread_cond_signal(&r->owner->look);
	tell_locks(r);
}

/* Under the lock. */
static void wake_one(struct requests *rs, uint64_t unique)
{
	for (struct request *r = rs->head.next; r != &rs->head; r = r->next)
		if (r->info.unique == unique && r->info.state != REQUEST_INTERRUPTED &&
			!r->signalled) {
			suspect(r);
			return;
		}
}

/* Under the lock, which it lets go of to look. */
static void look(struct requests *rs)
{
	struct suspect *found = xcalloc(rs->signalled + rs->unheard, sizeof(*found));
	int64_t now = clock_mono_ns();
	unsigned int n = 0;

	for (const struct request *r = rs->head.next; r != &rs->head; r = r->next)
		if (is_suspect(r, now))
			found[n++] = (struct suspect){.locks = r->info.wait == WAIT_LOCK,
				.unique = r->info.unique,
				.since = r->info.since,
				.pid = r->info.pid,
				.signalled = r->signalled};
	pthread_mutex_unlock(&rs->lock);
	for (unsigned int i = 0; i < n; i++) {
		found[i].dying = is_dying(&found[i]);
		found[i].woken = is_woken(&found[i]);
	}
	pthread_mutex_lock(&rs->lock);
	for (unsigned int i = 0; i < n; i++)
		if (found[i].dying)
			interrupt_one(rs, found[i].unique);
		else if (found[i].woken)
			wake_one(rs, found[i].unique);
	free(found);
}

static void *watcher_main(void *arg)
{
	struct requests *rs = arg;

	pthread_mutex_lock(&rs->lock);
	while (!rs->stop) {
		struct timespec until;

		if (!rs->signalled && !rs->unheard && !rs->limit.watched) {
			rs->resting = true;
			pthread_cond_wait(&rs->look, &rs->lock);
			rs->resting = false;
			continue;
		}
		look(rs);
		limit_look(rs, end_early);
		until = ns_timespec(clock_mono_ns() + LOOK_NS);
		if (!rs->stop)
			pthread_cond_timedwait(&rs->look, &rs->lock, &until);
	}
	pthread_mutex_unlock(&rs->lock);
	return NULL;
}

bool interrupt_start(struct requests *rs, struct error *err)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&rs->look, &attr);
	pthread_condattr_destroy(&attr);
	rs->watched = pthread_create(&rs->watcher, NULL, watcher_main, rs) == 0;
	return rs->watched || error_sys(err, "cannot start a thread");
}

void interrupt_stop(struct requests *rs)
{
	pthread_mutex_lock(&rs->lock);
	pthread_cond_signal(&rs->look);
	pthread_mutex_unlock(&rs->lock);
	if (rs->watched)
		pthread_join(rs->watcher, NULL);
	pthread_cond_destroy(&rs->look);
}

/* Under the lock. */
static bool came_early(const struct requests *rs, uint64_t unique)
{
	for (unsigned int i = 0; i < EARLY_COUNT && rs->early[i]; i++)
		if (rs->early[i] == unique)
			return true;
	return false;
}

void interrupt_watch(struct request *r)
{
	struct requests *rs = r->owner;

	limit_watch(r);
	if (r->signalled) {
		rs->signalled++;
		pthread_cond_signal(&rs->look);
		tell_locks(r);
	} else if (came_early(rs, r->info.unique)) {
		suspect(r);
	} else if (r->port && r->port->deaf) {
		r->unheard = true;
		rs->unheard++;
		/* Else it looks in a while anyway. */
		if (rs->resting)
			pthread_cond_signal(&rs->look);
	}
}

void requests_signalled(struct requests *rs, uint64_t unique)
{
	struct request *r;

	pthread_mutex_lock(&rs->lock);
	for (r = rs->head.next; r != &rs->head && r->info.unique != unique; r = r->next)
		;
	if (r == &rs->head)
		rs->early[rs->early_next++ % EARLY_COUNT] = unique;
	else if (!r->signalled)
		suspect(r);
	pthread_mutex_unlock(&rs->lock);
}
