#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/conn.h"
#include "journal/journal_impl.h"

/* Between tries. */
#define DELAY_MIN_MS 10
#define DELAY_MAX_MS 1000

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

/* What the database says when a session begins anew. */
struct applied {
	uint64_t last_op; /* of this mount */
	uint64_t next_op, next_blob;
	bool known;  /* this mount */
	bool fenced; /* another mount has written since */
};

static bool ask_applied(struct journal *j, struct applied *a, struct error *err)
{
	char id[24];
	const char *params[] = {id};
	PGresult *res;

	snprintf(id, sizeof(id), "%llu", (unsigned long long)j->config.mount);
	res = db_query(j->conn,
		"with m as (update thule.mount set backend = pg_backend_pid() where id = $1::bigint"
		" returning last_op) select m.last_op, s.next_op, s.next_blob, m.last_op is not "
		"null,"
		" (select max(id) > $1::bigint from thule.mount where not read_only)"
		" from thule.superblock s left join m on true",
		1, params, err);
	if (!res)
		return false;
	a->last_op = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
	a->next_op = strtoull(PQgetvalue(res, 0, 1), NULL, 10);
	a->next_blob = strtoull(PQgetvalue(res, 0, 2), NULL, 10);
	a->known = PQgetvalue(res, 0, 3)[0] == 't';
	a->fenced = PQgetvalue(res, 0, 4)[0] == 't';
	PQclear(res);
	return true;
}

/* Whether what is in the journal continues what is in the database. There is no hope otherwise. */
static bool continues(struct journal *j, const struct applied *a, struct error *err)
{
	if (a->known && !a->fenced && a->next_op > j->flushed_op)
		return true;
	pthread_mutex_lock(j->config.lock);
	j->failed = true;
	pthread_mutex_unlock(j->config.lock);
	return error_set(err, ERR_BUSY,
		a->fenced ? "another mount has taken the filesystem over while the connection was "
			    "lost; what was not committed stays in the journal"
			  : "the database has lost what it had on disk, as one that was restored "
			    "from a backup: unmount, and see the journal when you mount again");
}

bool commit_reconnect(struct journal *j, struct error *err)
{
	struct applied applied;

	PQfinish(j->conn);
	j->conn = drain_connect(j->config.conninfo, j->config.history, err);
	if (!j->conn || !ask_applied(j, &applied, err) || !continues(j, &applied, err))
		return false;
	if (!PQenterPipelineMode(j->conn))
		return error_set(err, ERR_INTERNAL, "cannot enter pipeline mode");
	if (applied.next_op <= j->committed_op)
		log_warn("the server has lost %llu ops that it had committed; they are in the "
			 "journal",
			(unsigned long long)(j->committed_op + 1 - applied.next_op));
	pthread_mutex_lock(j->config.lock);
	j->pos = ring_tail(j->ring);
	j->applied_op = applied.last_op;
	if (j->committed_op < applied.last_op)
		j->committed_op = applied.last_op;
	/* The answer to a commit may have been lost. */
	j->config.committed(j->config.arg, NULL, applied.last_op);
	pthread_mutex_unlock(j->config.lock);
	batch_reset(j->batch);
	batch_set_next_blob(j->batch, applied.next_blob);
	return true;
}

/* Waits longer from try to try. Once it is time to stop, it is short and ends soon. False when
 * there were enough tries. */
static bool wait_again(struct journal *j)
{
	int ms = j->patience.delay_ms ? j->patience.delay_ms : DELAY_MIN_MS;

	commit_wait(j, ms);
	j->patience.delay_ms = ms < DELAY_MAX_MS ? 2 * ms : ms;
	if (j->stop && !j->patience.stopping) {
		j->patience.stopping = true;
		j->patience.delay_ms = DELAY_MIN_MS;
	}
	return !j->patience.stopping || j->patience.delay_ms < DELAY_MAX_MS;
}

/* Until there is a session again. False when there is no hope. */
static bool insist_on_session(struct journal *j)
{
	struct error err;

	while (!commit_reconnect(j, &err)) {
		if (j->failed) {
			log_error("%s", err.text);
			return false;
		}
		if (!wait_again(j))
			return false;
	}
	return true;
}

/* Says that it was refused, to the log and to those who sync. */
static void refused(struct journal *j, const struct error *err)
{
	if (!j->patience.said || j->patience.delay_ms >= DELAY_MAX_MS)
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
		if (!wait_again(j))
			return COMMIT_HOPELESS;
		if (lost || PQstatus(j->conn) != CONNECTION_OK)
			return insist_on_session(j) ? COMMIT_ANEW : COMMIT_HOPELESS;
	}
	if (j->refused)
		space_refused(j, false);
	if (j->patience.said)
		log_info("the database takes batches again");
	memset(&j->patience, 0, sizeof(j->patience));
	return COMMIT_DONE;
}
