#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/log.h"
#include "journal/journal_impl.h"

/*
 * The session of the drain is the lease: the lock that says who may write ends with it. So its end
 * is looked for also while there is nothing to commit, and from then on nothing is acknowledged and
 * nothing is asked of the database, which may be somebody else's by now. Who gets the lock back
 * first looks whether the database is still as the lost session left it.
 */

/* While the lease is away, the log says so as often. */
#define REMIND_NS INT64_C(60000000000)

void session_watch(struct journal *j)
{
	struct pollfd p[2] = {
		{.fd = database_fd(j->session), .events = POLLIN},
		{.fd = j->wake_fd, .events = POLLIN},
	};
	eventfd_t ignored;
	bool alive = true;

	machine_move(j, DRAIN_IDLE);
	pthread_mutex_unlock(j->config.lock);
	poll(p, 2, -1);
	/* The server says something on its own: that a setting has changed, or that it goes. */
	if (p[0].revents)
		alive = database_alive(j->session, NULL);
	pthread_mutex_lock(j->config.lock);
	eventfd_read(j->wake_fd, &ignored);
	if (!alive)
		machine_move(j, DRAIN_RECONNECTING);
	else if (j->drain.state == DRAIN_IDLE)
		machine_move(j, DRAIN_GATHERING);
}

/* How an attempt to get the lease back ended. */
enum regained {
	REGAINED,
	NOT_YET, /* the next attempt may do better */
	NEVER,   /* the database does not end where the journal can go on */
	FOLLOWS, /* others have written what follows, and nothing of ours is missing */
};

static bool keep(struct journal *j, uint64_t last_op, char *path, size_t size)
{
	bool ok;

	pthread_mutex_lock(j->config.lock);
	ok = ring_keep(j->ring, last_op, path, size);
	pthread_mutex_unlock(j->config.lock);
	if (ok)
		ring_settle(j->ring);
	return ok;
}

/* Somebody else has written what follows: what the journal has of ours is for people to look at. */
static enum regained refuse_fenced(struct journal *j, uint64_t last_op, struct error *err)
{
	char kept[PATH_MAX], text[PATH_MAX + 400];
	uint64_t head = ring_head_op(j->ring);

	if (head <= last_op) {
		snprintf(text, sizeof(text),
			"another mount, or a command, has changed the filesystem while the "
			"connection was lost; nothing that was acknowledged here is missing in "
			"the database: unmount, and mount again");
	} else if (keep(j, last_op, kept, sizeof(kept))) {
		snprintf(text, sizeof(text),
			"another mount, or a command, has changed the filesystem while the "
			"connection was lost; op:%llu to op:%llu were acknowledged here and are "
			"not in the database: they are kept in %s, see `thule journal show`",
			(unsigned long long)last_op + 1, (unsigned long long)head, kept);
	} else {
		snprintf(text, sizeof(text),
			"another mount, or a command, has changed the filesystem while the "
			"connection was lost; op:%llu to op:%llu were acknowledged here and are "
			"not in the database: they stay in the journal",
			(unsigned long long)last_op + 1, (unsigned long long)head);
	}
	error_set(err, ERR_BUSY, "%s", text);
	return NEVER;
}

/* What to do after somebody else has written: last_op is the last op of ours that the database has.
 */
static enum regained give_way(struct journal *j, bool fenced, uint64_t last_op, struct error *err)
{
	uint64_t here = last_op > j->flushed_op ? last_op : j->flushed_op;

	if (ring_head_op(j->ring) <= here)
		return FOLLOWS;
	return refuse_fenced(j, fenced ? last_op : j->flushed_op, err);
}

/* Looks whether what is in the journal continues what is in the database. A job that was cut off
 * may have been done, and nothing of ours follows it. */
static enum regained compare(
	struct journal *j, bool in_job, const struct database_progress *a, struct error *err)
{
	if (a->known && !a->fenced && a->next_op > j->flushed_op &&
		(in_job || journal_continues(j->ring, a->next_op - 1, a->at, a->last_op)))
		return REGAINED;
	if (a->known && a->next_op > j->flushed_op)
		return give_way(j, a->fenced, a->last_op, err);
	error_set(err, ERR_BUSY,
		"the database has lost what it had on disk, as one that was restored from a "
		"backup: unmount, and see the journal when you mount again");
	return NEVER;
}

/* The lock is somebody's: another mount's, or still that of our own lost session. */
static enum regained look_for_holder(struct journal *j, struct error *err)
{
	uint64_t last_op;
	bool taken;

	if (!database_reclaim(j->config.database, j->config.mount, &taken, &last_op, NULL) ||
		!taken)
		return NOT_YET;
	return give_way(j, true, last_op, err);
}

/* Under the lock: goes back to what is on disk for sure. */
static void go_back(struct journal *j, const struct database_progress *applied)
{
	j->pos = ring_tail(j->ring);
	j->applied_op = applied->last_op;
	if (j->committed_op < applied->last_op)
		j->committed_op = applied->last_op;
	j->committed_at = applied->next_op - 1 == j->committed_op ? applied->at : 0;
	/* The answer to a commit may have been lost. */
	j->config.committed(j->config.arg, NULL, applied->last_op);
}

/* Takes a session without the lease, which another mount has, or had meanwhile: that what is known
 * here is out of date is for those to find who look whether it follows. */
static enum regained follow(struct journal *j, struct error *err)
{
	struct database_progress applied;

	database_close(j->session);
	j->session = batch_session(j->config.database, DATABASE_FOLLOW, err);
	/* What was committed here is flushed with that. */
	if (!j->session || !database_progress(j->session, j->config.mount, &applied, err))
		return NOT_YET;
	pthread_mutex_lock(j->config.lock);
	if (!j->following) {
		go_back(j, &applied);
		ring_release(j->ring, ring_head(j->ring), ring_head_op(j->ring), j->committed_at);
		j->pos = ring_head(j->ring);
		j->flushed_op = j->committed_op;
		j->following = true;
	}
	pthread_mutex_unlock(j->config.lock);
	batch_reset(j->batch);
	return REGAINED;
}

/*
 * Makes the connection anew, takes the lease back, and goes back to what is on disk for sure: a
 * server that crashed may have lost what it had only committed.
 */
static enum regained take_back(struct journal *j, bool in_job, struct error *err)
{
	struct database_progress applied;
	enum regained result;

	database_close(j->session);
	j->session = batch_session(j->config.database, DATABASE_TAKE, err);
	if (!j->session)
		return err->class == ERR_LEASE ? look_for_holder(j, err) : NOT_YET;
	if (!database_progress(j->session, j->config.mount, &applied, err))
		return NOT_YET;
	result = compare(j, in_job, &applied, err);
	if (result != REGAINED)
		return result;
	if (applied.next_op <= j->committed_op)
		log_warn("the server has lost %llu ops that it had committed; they are in the "
			 "journal",
			(unsigned long long)(j->committed_op + 1 - applied.next_op));
	pthread_mutex_lock(j->config.lock);
	go_back(j, &applied);
	pthread_mutex_unlock(j->config.lock);
	batch_reset(j->batch);
	batch_set_next_blob(j->batch, applied.next_blob);
	return REGAINED;
}

static enum regained reconnect(struct journal *j, bool in_job, struct error *err)
{
	enum regained result = j->following ? FOLLOWS : take_back(j, in_job, err);

	return result == FOLLOWS ? follow(j, err) : result;
}

/* Tries until the lease is there, or another mount is followed. False when it never will be, or it
 * is time to stop. */
static bool insist(struct journal *j, bool in_job)
{
	int64_t said_at = clock_mono_ns();
	struct error err;

	while (retry_wait(j)) {
		enum regained result = reconnect(j, in_job, &err);
		int64_t now = clock_mono_ns();

		if (result == REGAINED)
			return true;
		if (result == NEVER) {
			log_error("%s", err.text);
			return false;
		}
		if (now > said_at + REMIND_NS) {
			said_at = now;
			log_warn("changes still wait for the lease: %s", err.text);
		}
	}
	return false;
}

/* Under the lock: moves to the state of a lost session, and returns the one to go back to. */
static enum drain_state lose(struct journal *j)
{
	switch (j->drain.state) {
	case DRAIN_PERFORMING:
		machine_move(j, DRAIN_RECOVERING);
		return DRAIN_PERFORMING;
	case DRAIN_RECONNECTING: /* session_watch() */
		return DRAIN_GATHERING;
	default:
		machine_move(j, DRAIN_RECONNECTING);
		return DRAIN_GATHERING;
	}
}

bool session_regain(struct journal *j, const struct error *why)
{
	enum drain_state back;
	struct error ended;
	bool ok;

	if (!why) {
		database_alive(j->session, &ended);
		why = &ended;
		j->retry.delay_ms = 0;
	}
	pthread_mutex_lock(j->config.lock);
	back = lose(j);
	pthread_mutex_unlock(j->config.lock);
	log_warn(j->following ? "the session that follows another mount is lost: %s"
			      : "the session that holds the filesystem's lease is lost; changes "
				"wait until it is taken back: %s",
		why->text);
	ok = insist(j, back == DRAIN_PERFORMING);
	pthread_mutex_lock(j->config.lock);
	machine_move(j, ok ? back : DRAIN_FAILED);
	pthread_mutex_unlock(j->config.lock);
	if (ok)
		log_info(j->following ? "follows the mount that has the filesystem's lease"
				      : "has the filesystem's lease again");
	return ok;
}
