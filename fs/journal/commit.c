#include "base/log.h"
#include "db/refusal.h"
#include "journal/journal_impl.h"

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

/*
 * Says that the batch is refused for what it is, until somebody changes the database: nothing more
 * is acknowledged, since it could not be committed either. Or, without `why`, that this is over.
 */
static void refuse(struct journal *j, const struct error *why)
{
	struct journal_waiter *waiters = NULL;

	/* The drain's thread alone changes it, and this is that thread. */
	if (!why && !j->refused)
		return;
	pthread_mutex_lock(j->config.lock);
	j->refused = why != NULL;
	ring_refuse(j->ring, why ? why->sqlstate : "", why ? why->text : "");
	if (why) {
		waiters = j->room_waiters;
		j->room_waiters = NULL;
	}
	pthread_mutex_unlock(j->config.lock);
	/* They look again, and are refused. */
	waiters_call(waiters, 0);
}

/* Says that it was refused, to the log and to those who sync. */
static void refused(struct journal *j, const struct error *err)
{
	bool final = refusal_is_final(err->sqlstate);

	if (final)
		log_error("%s (SQLSTATE %s); changes fail until the database takes what was "
			  "acknowledged before, which is in the journal: %s; see `thule journal "
			  "show`",
			err->text, err->sqlstate, refusal_hint(err->sqlstate));
	else if (!j->retry.logged || j->retry.delay_ms >= RETRY_LONG_MS)
		log_warn("%s; trying again", err->text);
	j->retry.logged = true;
	refuse(j, final ? err : NULL);
	/* A server that comes back is waited for; one that refuses is reported to those who sync.
	 */
	if (err->class != ERR_UNREACHABLE && err->class != ERR_TRANSIENT)
		fail_waiters(j, error_to_errno(err));
	if (err->class == ERR_NO_SPACE)
		space_refused(j, true);
}

static void move(struct journal *j, enum drain_state to)
{
	pthread_mutex_lock(j->config.lock);
	machine_move(j, to);
	pthread_mutex_unlock(j->config.lock);
}

/* Waits before a batch that was refused is sent again. False when the drain has failed. */
static bool try_again(struct journal *j)
{
	bool again;

	move(j, DRAIN_RETRYING);
	again = retry_wait(j);
	move(j, again ? DRAIN_COMMITTING : DRAIN_FAILED);
	return again;
}

/* Without the lease there is nothing to apply: that the session is alive is all that is asked. */
static bool apply(struct journal *j, bool sync, struct error *why)
{
	return j->following ? database_apply(j->session, NULL, 0, sync, why)
			    : batch_commit(j->batch, j->session, sync, why);
}

enum commit commit_batch(struct journal *j, bool sync, struct error *why)
{
	database_trace(j->session, &j->span);
	trace_enter(&j->span, TRACE_ENCODE);
	while (!apply(j, sync, why)) {
		refused(j, why);
		if (why->class == ERR_UNREACHABLE || !database_alive(j->session, NULL)) {
			/* The next session's first batch says whether the disk is still full; and
			 * perhaps there is nothing left for one. */
			space_refused(j, false);
			refuse(j, NULL);
			return COMMIT_LOST;
		}
		if (!try_again(j))
			return COMMIT_FATAL;
	}
	space_refused(j, false);
	refuse(j, NULL);
	if (j->retry.logged)
		log_info("the database takes batches again");
	j->retry = (struct retry){0};
	return COMMIT_DONE;
}
