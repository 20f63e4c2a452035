#include "control/invalidator.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"

/* What one step of following has found. */
struct dropped {
	struct dropped *next;
	PGresult *touched;
	struct known known;
	uint64_t op, request; /* as struct foreign has them */
	struct follow_waiter *waiters;
};

struct invalidator {
	struct fs *fs;
	struct apart *kernel;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct dropped *first, **last;
	bool stop;
};

/* NULL: it is time to end. */
static struct dropped *next(struct invalidator *v)
{
	struct dropped *d;

	pthread_mutex_lock(&v->lock);
	while (!v->first && !v->stop)
		pthread_cond_wait(&v->work, &v->lock);
	d = v->first;
	if (d && !(v->first = d->next))
		v->last = &v->first;
	pthread_mutex_unlock(&v->lock);
	return d;
}

static void *invalidator_main(void *arg)
{
	struct invalidator *v = arg;
	struct dropped *d;

	while ((d = next(v))) {
		foreign_invalidate(v->kernel, d->touched);
		foreign_drop(v->kernel, &d->known);
		pthread_mutex_lock(&v->fs->lock);
		v->fs->invalidating--;
		if (v->fs->kept_late)
			foreign_told(v->fs);
		if (v->fs->kept && journal_following(v->fs->journal) && d->op)
			kept_follow(v->fs->kept, d->op, d->request);
		pthread_mutex_unlock(&v->fs->lock);
		follow_call(d->waiters, 0);
		PQclear(d->touched);
		free(d);
	}
	return NULL;
}

struct invalidator *invalidator_start(struct fs *fs, struct fuse_session *se, struct error *err)
{
	struct invalidator *v = xcalloc(1, sizeof(*v));

	v->fs = fs;
	v->kernel = apart_new(se, fs->kept != NULL);
	v->last = &v->first;
	pthread_mutex_init(&v->lock, NULL);
	pthread_cond_init(&v->work, NULL);
	if (pthread_create(&v->thread, NULL, invalidator_main, v) == 0)
		return v;
	error_sys(err, "cannot start a thread");
	apart_free(v->kernel);
	free(v);
	return NULL;
}

static void add(struct invalidator *v, struct dropped *d)
{
	pthread_mutex_lock(&v->lock);
	*v->last = d;
	v->last = &d->next;
	pthread_cond_signal(&v->work);
	pthread_mutex_unlock(&v->lock);
}

void invalidator_drop(struct invalidator *v, struct foreign *f, struct follow_waiter *waiters)
{
	struct dropped *d = xcalloc(1, sizeof(*d));

	foreign_follow(v->fs, f, &d->known);
	d->touched = f->touched;
	f->touched = NULL;
	d->op = f->op;
	d->request = f->request;
	d->waiters = waiters;
	add(v, d);
}

/* Of what the state knows already. */
static void add_told(struct invalidator *v, const struct dropped *found)
{
	struct dropped *d = xcalloc(1, sizeof(*d));

	*d = *found;
	pthread_mutex_lock(&v->fs->lock);
	v->fs->invalidating++;
	pthread_mutex_unlock(&v->fs->lock);
	add(v, d);
}

void invalidator_call(struct invalidator *v, struct follow_waiter *waiters)
{
	if (waiters)
		add_told(v, &(struct dropped){.waiters = waiters});
}

void invalidator_forget(struct invalidator *v, const struct known *known)
{
	add_told(v, &(struct dropped){.known = *known});
}

void invalidator_free(struct invalidator *v)
{
	if (!v)
		return;
	pthread_mutex_lock(&v->lock);
	v->stop = true;
	pthread_cond_signal(&v->work);
	pthread_mutex_unlock(&v->lock);
	pthread_join(v->thread, NULL);
	apart_free(v->kernel);
	pthread_mutex_destroy(&v->lock);
	pthread_cond_destroy(&v->work);
	free(v);
}
