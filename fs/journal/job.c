#include "base/log.h"
#include "journal/journal_impl.h"

/* Between tries to learn what a job has used. */
#define MARKS_DELAY_MS 200

/* The ids that a job used are used: the next op and the next blob come after them. */
static void use_marks(
	struct journal *j, const struct database_progress *p, struct journal_marks *marks)
{
	*marks = (struct journal_marks){.next_op = p->next_op, .next_ino = p->next_ino};
	batch_set_next_blob(j->batch, p->next_blob);
	j->session->marked = 0; /* the superblock may be another mount's: see apply_mark_left.sql */
	pthread_mutex_lock(j->config.lock);
	j->next_op = p->next_op;
	j->committed_op = j->flushed_op = p->next_op - 1;
	if (p->at)
		j->last_at = p->at;
	j->committed_at = p->at;
	ring_begin(j->ring, j->config.mount, p->next_op - 1, j->committed_at);
	pthread_mutex_unlock(j->config.lock);
}

/* Until it succeeds: without the marks, the next op could have an id that is used. False when the
 * drain has failed. */
static bool insist_on_marks(struct journal *j, struct journal_marks *marks)
{
	struct database_progress p;
	struct error err;

	while (!database_progress(j->session, 0, &p, &err)) {
		log_warn("%s; trying again", err.text);
		if (err.class == ERR_UNREACHABLE || !database_alive(j->session, NULL)) {
			if (!session_regain(j, &err))
				return false;
		} else if (retry_pause(j, MARKS_DELAY_MS)) {
			pthread_mutex_lock(j->config.lock);
			machine_move(j, DRAIN_FAILED);
			pthread_mutex_unlock(j->config.lock);
			return false;
		}
	}
	use_marks(j, &p, marks);
	return true;
}

void journal_used(struct journal *j, const struct database_progress *used)
{
	j->job->used = *used;
}

/* Under the lock: whoever waits for the job goes on. */
static void finish(struct journal *j)
{
	j->job->done = true;
	j->job = NULL;
	pthread_cond_broadcast(&j->job_done);
}

void job_refuse(struct journal *j, const char *why)
{
	if (!j->job)
		return;
	j->job->ok = error_set(j->job->err, ERR_UNREACHABLE, "%s", why);
	finish(j);
}

/* Whether another mount has the lease, whose ids those are that come next. */
static bool is_following(struct journal *j)
{
	bool following;

	pthread_mutex_lock(j->config.lock);
	following = j->following;
	pthread_mutex_unlock(j->config.lock);
	return following;
}

static bool perform(struct journal *j, struct job *job)
{
	bool ok = true;

	job->ok = job->fn(job->arg, database_connection(j->session), job->err);
	if (job->ok && job->used.next_op)
		use_marks(j, &job->used, job->marks);
	else
		ok = is_following(j) || insist_on_marks(j, job->marks);
	pthread_mutex_lock(j->config.lock);
	if (ok)
		machine_move(j, DRAIN_GATHERING);
	finish(j);
	pthread_mutex_unlock(j->config.lock);
	return ok;
}

/* Everything is on disk; is the session alive? */
static enum commit look(struct journal *j, struct error *why)
{
	enum commit result = commit_batch(j, true, why);

	batch_reset(j->batch); /* it was sent empty, and would take no more */
	return result == COMMIT_DONE && !database_alive(j->session, why) ? COMMIT_LOST : result;
}

bool job_run(struct journal *j)
{
	enum commit result = COMMIT_DONE;
	struct error why;
	struct job *job;
	bool lent;

	/* Who is lent the right to write finds out, and may depend on an untouched superblock. */
	pthread_mutex_lock(j->config.lock);
	lent = j->lent;
	pthread_mutex_unlock(j->config.lock);
	if (!lent)
		result = look(j, &why);
	if (result == COMMIT_FATAL)
		return false;
	if (result == COMMIT_LOST)
		return session_regain(j, &why);
	/* It may have been refused meanwhile. */
	pthread_mutex_lock(j->config.lock);
	job = j->job;
	machine_move(j, job ? DRAIN_PERFORMING : DRAIN_GATHERING);
	pthread_mutex_unlock(j->config.lock);
	return !job || perform(j, job);
}
