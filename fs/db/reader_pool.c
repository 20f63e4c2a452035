#include "db/reader_pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"

/* A user with questions that wait, or that a reader has. */
struct user {
	uint32_t uid;
	bool served; /* a reader has questions of his: the others wait for those */
	struct reader_query *first, **last;
	struct user *next;
};

struct member {
	struct reader_pool *pool;
	struct reader *reader;
	struct user *user; /* whose questions it has; NULL: it is free */
};

/* The lock comes before those of the readers. */
struct reader_pool {
	pthread_mutex_t lock;
	bool stopping;
	struct user *users; /* in the order of their turns */
	struct member members[READER_POOL_READERS];
};

/* Returns the place of a user in the list, or of the end of it. */
static struct user **find_user(struct reader_pool *pool, uint32_t uid)
{
	struct user **u = &pool->users;

	while (*u && (*u)->uid != uid)
		u = &(*u)->next;
	return u;
}

/* Puts a user at the end of the list, or frees one who has nothing left to ask. */
static void requeue(struct reader_pool *pool, struct user *user)
{
	struct user **u = find_user(pool, user->uid);

	*u = user->next;
	user->next = NULL;
	if (!user->first && !user->served) {
		free(user);
		return;
	}
	while (*u)
		u = &(*u)->next;
	*u = user;
}

/* Gives a free reader a turn of the first user whom none serves. */
static void give_turn(struct reader_pool *pool, struct member *m)
{
	struct user *u = pool->users;

	while (u && (u->served || !u->first))
		u = u->next;
	if (!u)
		return;
	m->user = u;
	u->served = true;
	for (int n = 0; n < READER_POOL_TURN && u->first; n++) {
		struct reader_query *q = u->first;

		if (!(u->first = q->next))
			u->last = &u->first;
		reader_submit(m->reader, q);
	}
}

/* A reader has answered its turn. */
static void turn_over(void *arg)
{
	struct member *m = arg;
	struct reader_pool *pool = m->pool;

	pthread_mutex_lock(&pool->lock);
	/* Another thread may have given it a turn since. */
	if (reader_is_idle(m->reader)) {
		if (m->user) {
			m->user->served = false;
			requeue(pool, m->user);
			m->user = NULL;
		}
		give_turn(pool, m);
	}
	pthread_mutex_unlock(&pool->lock);
}

struct reader_pool *reader_pool_start(const struct reader_config *config, struct error *err)
{
	struct reader_pool *pool = xcalloc(1, sizeof(*pool));
	struct reader_config c = *config;

	pthread_mutex_init(&pool->lock, NULL);
	c.idle = turn_over;
	/* A reader's thread has nothing to call back for before the pool is in use. */
	pthread_mutex_lock(&pool->lock);
	for (int n = 0; n < READER_POOL_READERS; n++) {
		struct member *m = &pool->members[n];

		m->pool = pool;
		c.idle_arg = m;
		m->reader = reader_start(&c, err);
		if (!m->reader) {
			pthread_mutex_unlock(&pool->lock);
			reader_pool_stop(pool);
			return NULL;
		}
	}
	pthread_mutex_unlock(&pool->lock);
	return pool;
}

void reader_pool_submit(struct reader_pool *pool, struct reader_query *q)
{
	struct user **place;

	pthread_mutex_lock(&pool->lock);
	place = find_user(pool, q->user);
	if (!*place) {
		*place = xcalloc(1, sizeof(**place));
		(*place)->uid = q->user;
		(*place)->last = &(*place)->first;
	}
	q->next = NULL;
	*(*place)->last = q;
	(*place)->last = &q->next;
	for (int n = 0; n < READER_POOL_READERS && !(*place)->served && !pool->stopping; n++)
		if (!pool->members[n].user)
			give_turn(pool, &pool->members[n]);
	pthread_mutex_unlock(&pool->lock);
}

void reader_pool_set_gate(struct reader_pool *pool, enum reader_gate gate)
{
	for (int n = 0; n < READER_POOL_READERS; n++)
		reader_set_gate(pool->members[n].reader, gate);
}

/* Fails what no reader had yet. */
static void fail_rest(struct reader_pool *pool)
{
	struct error err;

	error_set(&err, ERR_UNREACHABLE, "the filesystem is being unmounted");
	for (struct user *u = pool->users, *next; u; u = next) {
		next = u->next;
		for (struct reader_query *q = u->first, *after; q; q = after) {
			after = q->next;
			q->done(q, NULL, &err);
		}
		free(u);
	}
}

void reader_pool_stop(struct reader_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_mutex_unlock(&pool->lock);
	for (int n = 0; n < READER_POOL_READERS; n++)
		reader_stop(pool->members[n].reader);
	fail_rest(pool);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}
