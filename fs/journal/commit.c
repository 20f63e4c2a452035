#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/conn.h"
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

void commit_wait(struct journal *j, int ms)
{
	struct timespec until = ns_timespec(clock_mono_ns() + (int64_t)ms * 1000000);

	pthread_mutex_lock(j->config.lock);
	while (!j->stop && pthread_cond_timedwait(&j->work, j->config.lock, &until) != ETIMEDOUT)
		;
	pthread_mutex_unlock(j->config.lock);
}

/* What the database has of this mount. False when it cannot be asked, or when another mount has
 * written. */
static bool ask_last_op(struct journal *j, uint64_t *last, bool *fenced, struct error *err)
{
	char id[24];
	const char *params[] = {id};
	PGresult *res;

	snprintf(id, sizeof(id), "%llu", (unsigned long long)j->config.mount);
	res = db_query(j->conn,
		"with m as (update thule.mount set backend = pg_backend_pid() where id = $1::bigint"
		" returning last_op) select last_op, (select max(id) > $1::bigint from thule.mount"
		" where not read_only) from m",
		1, params, err);
	if (!res)
		return false;
	*last = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
	*fenced = PQgetvalue(res, 0, 1)[0] == 't';
	PQclear(res);
	return true;
}

/* Makes the connection anew and takes the lease back. *last is what had been committed. */
bool commit_reconnect(struct journal *j, uint64_t *last, struct error *err)
{
	bool fenced;

	PQfinish(j->conn);
	j->conn = drain_connect(j->config.conninfo, j->config.history, err);
	if (!j->conn || !ask_last_op(j, last, &fenced, err))
		return false;
	if (fenced) {
		j->failed = true;
		return error_set(err, ERR_BUSY,
			"another mount has taken the filesystem over while the connection was "
			"lost; "
			"what was not committed stays in the journal");
	}
	return PQenterPipelineMode(j->conn)
		       ? true
		       : error_set(err, ERR_INTERNAL, "cannot enter pipeline mode");
}

/* Commits the batch, trying again for as long as it takes. False when there is no hope. */
bool commit_batch(struct journal *j, bool sync)
{
	struct error err;
	int delay_ms = 10;
	bool said = false, full = false;

	while (!batch_commit(j->batch, j->conn, sync, &err)) {
		if (!said || delay_ms >= 1000)
			log_warn("%s; trying again", err.text);
		said = true;
		/* A server that comes back is waited for; one that refuses is reported to those who
		 * sync. */
		if (err.class != ERR_UNREACHABLE && err.class != ERR_TRANSIENT)
			fail_waiters(j, error_to_errno(&err));
		if (err.class == ERR_NO_SPACE) {
			full = true;
			space_refused(j, true);
		}
		for (;;) {
			uint64_t last = 0;
			commit_wait(j, delay_ms);
			delay_ms = delay_ms < 1000 ? delay_ms * 2 : 1000;
			if (j->stop && delay_ms >= 1000)
				return false;
			if (PQstatus(j->conn) == CONNECTION_OK && err.class != ERR_UNREACHABLE)
				break;
			if (commit_reconnect(j, &last, &err)) {
				if (batch_ops(j->batch) && last >= batch_last_op(j->batch) &&
					!sync) {
					space_refused(j, false);
					return true;
				}
				if (batch_ops(j->batch) && last >= batch_last_op(j->batch))
					batch_reset(j->batch); /* it is in; the empty batch flushes
								  it */
				break;
			}
			if (j->failed) {
				log_error("%s", err.text);
				return false;
			}
		}
	}
	if (full)
		space_refused(j, false);
	if (said)
		log_info("the database takes batches again");
	return true;
}
