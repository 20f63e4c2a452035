#include <errno.h>

#include "base/clock.h"
#include "journal/journal_impl.h"

/* Between tries; the last is for a drain that is to stop, and then it was the last. */
#define DELAY_MIN_MS 10
#define DELAY_MAX_MS 1000

/* Under the lock: whether the server is not waited for any more. */
static bool is_to_stop(const struct journal *j)
{
	/* Who is to stop the drain waits for the job first. */
	return j->drain.target == DRAIN_STOP || (j->no_more_jobs && drain_in_job(&j->drain));
}

bool retry_pause(struct journal *j, int ms)
{
	struct timespec until = ns_timespec(clock_mono_ns() + (int64_t)ms * 1000000);
	bool stop;

	pthread_mutex_lock(j->config.lock);
	while (!is_to_stop(j) &&
		pthread_cond_timedwait(&j->work, j->config.lock, &until) != ETIMEDOUT)
		;
	stop = is_to_stop(j);
	pthread_mutex_unlock(j->config.lock);
	return stop;
}

bool retry_wait(struct journal *j)
{
	struct retry *r = &j->retry;
	int ms = r->delay_ms ? r->delay_ms : DELAY_MIN_MS;
	bool stop = retry_pause(j, ms);

	r->delay_ms = ms < (r->limit_ms ? r->limit_ms : RETRY_LONG_MS) ? 2 * ms : ms;
	if (stop && !r->limit_ms) {
		r->limit_ms = DELAY_MAX_MS;
		r->delay_ms = DELAY_MIN_MS;
	}
	return !r->limit_ms || r->delay_ms < r->limit_ms;
}
