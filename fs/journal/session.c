#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/conn.h"
#include "journal/journal_impl.h"

/*
 * The session of the drain is the lease: the lock that says who may write ends with it. So its end
 * is looked for also while there is nothing to commit, and from then on nothing is acknowledged and
 * nothing is asked of the database, which may be somebody else's by now. Who gets the lock back
 * first looks whether the database is still as the lost session left it.
 */

/* While the lease is away, the log says so as often. */
#define REMIND_NS INT64_C(60000000000)

/* Under the lock. */
static void tell(struct journal *j, enum journal_lease lease)
{
	static const enum ring_state states[] = {
		[JOURNAL_LEASED] = RING_LEASED,
		[JOURNAL_LEASE_LOST] = RING_LOST,
		[JOURNAL_LEASE_GONE] = RING_FENCED,
	};

	ring_tell(j->ring, states[lease]);
	if (j->on_lease)
		j->on_lease(j->on_lease_arg, lease);
	pthread_cond_broadcast(&j->settled);
	pthread_cond_broadcast(&j->job_done);
}

void session_give_up(struct journal *j)
{
	if (j->failed)
		return;
	j->failed = true;
	tell(j, JOURNAL_LEASE_GONE);
}

bool session_watch(struct journal *j)
{
	struct pollfd p[2] = {
		{.fd = PQsocket(j->conn), .events = POLLIN},
		{.fd = j->wake_fd, .events = POLLIN},
	};
	eventfd_t ignored;
	bool alive = true;

	j->sleeping = true;
	pthread_mutex_unlock(j->config.lock);
	poll(p, 2, -1);
	/* The server says something on its own: that a setting has changed, or that it goes. */
	if (p[0].revents)
		alive = PQconsumeInput(j->conn) && PQstatus(j->conn) == CONNECTION_OK;
	pthread_mutex_lock(j->config.lock);
	j->sleeping = false;
	eventfd_read(j->wake_fd, &ignored);
	j->session_lost = !alive;
	return alive;
}

/* What the database says when a session begins anew. */
struct applied {
	uint64_t last_op; /* of this mount */
	uint64_t next_op, next_blob;
	int64_t at;  /* time of the last op, microseconds since the epoch; 0: it has no log of it */
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
		" (select max(id) > $1::bigint from thule.mount where not read_only),"
		" (select (extract(epoch from o.at) * 1000000)::bigint from thule.op o"
		"   where o.op = s.next_op - 1)"
		" from thule.superblock s left join m on true",
		1, params, err);
	if (!res)
		return false;
	a->last_op = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
	a->next_op = strtoull(PQgetvalue(res, 0, 1), NULL, 10);
	a->next_blob = strtoull(PQgetvalue(res, 0, 2), NULL, 10);
	a->known = PQgetvalue(res, 0, 3)[0] == 't';
	a->fenced = PQgetvalue(res, 0, 4)[0] == 't';
	a->at = strtoll(PQgetvalue(res, 0, 5), NULL, 10);
	PQclear(res);
	return true;
}

static bool refuse(struct journal *j, struct error *err, const char *why)
{
	pthread_mutex_lock(j->config.lock);
	session_give_up(j);
	pthread_mutex_unlock(j->config.lock);
	return error_set(err, ERR_BUSY, "%s", why);
}

static bool keep(struct journal *j, uint64_t last_op, char *path, size_t size)
{
	bool ok;

	pthread_mutex_lock(j->config.lock);
	ok = ring_keep(j->ring, last_op, path, size);
	pthread_mutex_unlock(j->config.lock);
	return ok;
}

/* Somebody else has written what follows: what the journal has of ours is for people to look at. */
static bool refuse_fenced(struct journal *j, uint64_t last_op, struct error *err)
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
	return refuse(j, err, text);
}

/* Whether what is in the journal continues what is in the database. There is no hope otherwise. */
static bool continues(struct journal *j, const struct applied *a, struct error *err)
{
	if (a->known && !a->fenced && a->next_op > j->flushed_op &&
		(j->unsure || journal_continues(j->ring, a->next_op - 1, a->at, a->last_op)))
		return true;
	if (a->known && a->next_op > j->flushed_op)
		return refuse_fenced(j, a->fenced ? a->last_op : j->flushed_op, err);
	return refuse(j, err,
		"the database has lost what it had on disk, as one that was restored from a "
		"backup: unmount, and see the journal when you mount again");
}

/* The lock is somebody's: another mount's, or still that of our own lost session. */
static void look_for_holder(struct journal *j, struct error *err)
{
	uint64_t last_op;
	bool taken;

	if (lease_reclaim(j->config.conninfo, j->config.mount, &taken, &last_op, NULL) && taken)
		refuse_fenced(j, last_op, err);
}

bool session_reconnect(struct journal *j, struct error *err)
{
	struct applied applied;

	PQfinish(j->conn);
	j->conn = drain_connect(j->config.conninfo, j->config.history, err);
	if (!j->conn && err->class == ERR_LEASE)
		look_for_holder(j, err);
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
	j->committed_at = applied.next_op - 1 == j->committed_op ? applied.at : 0;
	/* The answer to a commit may have been lost. */
	j->config.committed(j->config.arg, NULL, applied.last_op);
	pthread_mutex_unlock(j->config.lock);
	batch_reset(j->batch);
	batch_set_next_blob(j->batch, applied.next_blob);
	return true;
}

/* False when there is no hope. */
static bool insist(struct journal *j)
{
	int64_t said_at = clock_mono_ns();
	struct error err;

	while (!session_reconnect(j, &err)) {
		int64_t now = clock_mono_ns();

		if (j->failed) {
			log_error("%s", err.text);
			return false;
		}
		if (now > said_at + REMIND_NS) {
			said_at = now;
			log_warn("changes still wait for the lease: %s", err.text);
		}
		if (!commit_wait_again(j))
			return false;
	}
	return true;
}

bool session_regain(struct journal *j, const struct error *why)
{
	bool ok;

	log_warn("the session that holds the filesystem's lease is lost; changes wait until it is "
		 "taken back: %s",
		why->text);
	pthread_mutex_lock(j->config.lock);
	j->lost = true;
	tell(j, JOURNAL_LEASE_LOST);
	pthread_mutex_unlock(j->config.lock);
	ok = insist(j);
	pthread_mutex_lock(j->config.lock);
	j->lost = false;
	if (ok)
		tell(j, JOURNAL_LEASED);
	else
		session_give_up(j);
	pthread_mutex_unlock(j->config.lock);
	if (ok)
		log_info("has the filesystem's lease again");
	return ok;
}

bool session_renew(struct journal *j)
{
	struct error why;

	j->session_lost = false;
	db_error(j->conn, NULL, "while nothing was written", &why);
	j->patience.delay_ms = 0;
	return session_regain(j, &why);
}
