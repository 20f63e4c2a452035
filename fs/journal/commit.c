#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "journal/journal_impl.h"

/* Between tries; the last is for one who stops, and then it was the last. */
#define DELAY_MIN_MS  10
#define DELAY_LONG_MS 500
#define DELAY_MAX_MS  1000

/* Says to those who wait for a batch that it cannot be done now; they may try again. */
static void fail_waiters(struct journal *j, int error)
{
	struct journal_waiter *synced, *committed;

	pthread_mutex_lock(j->config.lock);
	synced = waiters_take(&j->sync_waiters, UINT64_MAX);
	committed = waiters_take(&j->commit_waiters, UINT64_MAX);
	pthread_mutex_unlock(j->config.lock);
	waiters_call(synced, error);
	waiters_call(committed, error);
}

void commit_wait(struct journal *j, int ms)
{
	struct timespec until = ns_timespec(clock_mono_ns() + (int64_t)ms * 1000000);

	pthread_mutex_lock(j->config.lock);
	while (!j->stop && pthread_cond_timedwait(&j->work, j->config.lock, &until) != ETIMEDOUT)
		;
	pthread_mutex_unlock(j->config.lock);
}

bool commit_wait_again(struct journal *j)
{
	int ms = j->patience.delay_ms ? j->patience.delay_ms : DELAY_MIN_MS;

	commit_wait(j, ms);
	j->patience.delay_ms =
		ms < (j->patience.stopping ? DELAY_MAX_MS : DELAY_LONG_MS) ? 2 * ms : ms;
	if (j->stop && !j->patience.stopping) {
		j->patience.stopping = true;
		j->patience.delay_ms = DELAY_MIN_MS;
	}
	return !j->patience.stopping || j->patience.delay_ms < DELAY_MAX_MS;
}

/* Says that it was refused, to the log and to those who sync. */
static void refused(struct journal *j, const struct error *err)
{
	if (!j->patience.said || j->patience.delay_ms >= DELAY_LONG_MS)
		log_warn("%s; trying again", err->text);
	j->patience.said = true;
	/* A server that comes back is waited for; one that refuses is reported to those who sync.
	 */
	if (err->class != ERR_UNREACHABLE && err->class != ERR_TRANSIENT)
		fail_waiters(j, error_to_errno(err));
	if (err->class == ERR_NO_SPACE)
		space_refused(j, true);
}

enum commit commit_batch(struct journal *j, bool sync)
{
	struct error err;

	while (!batch_commit(j->batch, j->conn, sync, &err)) {
		bool lost = err.class == ERR_UNREACHABLE;

		refused(j, &err);
		if (!commit_wait_again(j))
			return COMMIT_HOPELESS;
		if (lost || PQstatus(j->conn) != CONNECTION_OK)
			return session_regain(j, &err) ? COMMIT_ANEW : COMMIT_HOPELESS;
	}
	if (j->refused)
		space_refused(j, false);
	if (j->patience.said)
		log_info("the database takes batches again");
	memset(&j->patience, 0, sizeof(j->patience));
	return COMMIT_DONE;
}
