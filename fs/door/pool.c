#include "door/pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/log.h"
#include "db/conn.h"

#define POOL_SIZE 2
#define WAIT_S    30

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char *conninfo;
	PGconn *idle[POOL_SIZE];
	int idle_count;
	uid_t users[POOL_SIZE]; /* of the connections that are taken */
	int taken;
	bool stopped;
	const char *rules; /* settings of the sessions, which thule_internal.may_reach() asks for */
};

struct pool *pool_new(const char *conninfo, bool acl, bool past_owner)
{
	struct pool *p = xcalloc(1, sizeof(*p));
	pthread_condattr_t attr;

	p->rules = acl && past_owner ? "set thule.past = 'owner'"
		   : past_owner      ? "set thule.past = 'owner'; set thule.acl = 'off'"
		   : acl             ? "select"
				     : "set thule.acl = 'off'";
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->changed, &attr);
	pthread_condattr_destroy(&attr);
	p->conninfo = xmemdup(conninfo, strlen(conninfo) + 1);
	return p;
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	while (p->idle_count)
		PQfinish(p->idle[--p->idle_count]);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p->conninfo);
	free(p);
}

/* Under the lock. */
static bool may_take(const struct pool *p, uid_t uid)
{
	for (int i = 0; i < p->taken; i++)
		if (p->users[i] == uid)
			return false;
	return p->taken < POOL_SIZE;
}

/* Under the lock. */
static void take_turn(struct pool *p, uid_t uid)
{
	p->users[p->taken++] = uid;
}

static void end_turn(struct pool *p, uid_t uid)
{
	int i = 0;

	while (p->users[i] != uid)
		i++;
	p->users[i] = p->users[--p->taken];
	pthread_cond_broadcast(&p->changed);
}

static bool wait_turn(struct pool *p, uid_t uid, PGconn **conn, struct error *err)
{
	struct timespec end;
	bool ok = true;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += WAIT_S;
	pthread_mutex_lock(&p->lock);
	while (ok && !p->stopped && !may_take(p, uid))
		ok = pthread_cond_timedwait(&p->changed, &p->lock, &end) == 0;
	if (p->stopped)
		ok = error_set(err, ERR_UNREACHABLE, "the filesystem is being unmounted");
	else if (!ok)
		error_set(err, ERR_BUSY,
			"this mount is asked too much at the same time: try again later");
	if (ok) {
		take_turn(p, uid);
		*conn = p->idle_count ? p->idle[--p->idle_count] : NULL;
	}
	pthread_mutex_unlock(&p->lock);
	return ok;
}

PGconn *pool_take(struct pool *p, uid_t uid, struct error *err)
{
	struct error why;
	PGconn *conn;

	if (!wait_turn(p, uid, &conn, err))
		return NULL;
	/* The server may have gone since. */
	if (conn && !db_exec(conn, "select", NULL)) {
		PQfinish(conn);
		conn = NULL;
	}
	if (!conn)
		conn = db_connect(p->conninfo, "thulefs door", &why);
	if (conn && !db_exec(conn, p->rules, &why)) {
		PQfinish(conn);
		conn = NULL;
	}
	if (conn)
		return conn;
	/* Where the database is, is not for everybody. */
	log_debug("the door: %s", why.text);
	error_set(err, ERR_UNREACHABLE,
		"the database of this filesystem cannot be reached now: try again later");
	pthread_mutex_lock(&p->lock);
	end_turn(p, uid);
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

void pool_give(struct pool *p, uid_t uid, PGconn *conn)
{
	bool whole = PQstatus(conn) == CONNECTION_OK && PQtransactionStatus(conn) == PQTRANS_IDLE;

	if (!whole)
		PQfinish(conn);
	pthread_mutex_lock(&p->lock);
	if (whole)
		p->idle[p->idle_count++] = conn;
	end_turn(p, uid);
	pthread_mutex_unlock(&p->lock);
}

void pool_stop(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->stopped = true;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
}
