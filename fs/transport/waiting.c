#include "transport/waiting.h"

#include <errno.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

/* Between looks at whether a thread that got a signal is about to die. */
#define LOOK_NS INT64_C(200000000)

/* Of a thread that cannot be seen, what has waited for so long is ended. */
#define UNSEEN_NS INT64_C(1000000000)

/* Interrupts that came before their requests waited: a power of two. A request is handled within
 * microseconds, so that few are kept. */
#define EARLY_COUNT 256

struct waiting_list {
	pthread_mutex_t lock;
	pthread_cond_t look;
	pthread_t watcher;
	struct waiting head; /* of the ring */
	unsigned int signalled;
	unsigned int early_next;
	uint64_t early[EARLY_COUNT]; /* uniques are never used again, so old ones do no harm */
	bool started, stop;
};

/* What is looked at. */
struct suspect {
	uint64_t unique;
	int64_t since;
	int32_t pid;
	bool dying;
};

enum thread_fate { THREAD_LIVES, THREAD_DIES, THREAD_UNSEEN };

static enum thread_fate thread_fate(int32_t pid)
{
	char path[32], line[256];
	enum thread_fate fate = THREAD_UNSEEN;
	unsigned long long pending;
	FILE *f;

	if (pid <= 0)
		return THREAD_UNSEEN;
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && fate == THREAD_UNSEEN && fgets(line, sizeof(line), f))
		if (sscanf(line, "SigPnd: %llx", &pending) == 1)
			fate = pending & UINT64_C(1) << (9 - 1) ? THREAD_DIES : THREAD_LIVES;
	if (f)
		fclose(f);
	return fate;
}

static bool is_dying(const struct suspect *s)
{
	enum thread_fate fate = thread_fate(s->pid);

	return fate == THREAD_DIES ||
	       (fate == THREAD_UNSEEN && clock_mono_ns() - s->since >= UNSEEN_NS);
}

/* Under the lock. The kernel has no such request any more when its connection is gone. */
static void answer(struct waiting *w)
{
	struct fuse_out_header out = {.len = sizeof(out), .error = -EINTR, .unique = w->unique};
	ssize_t n = write(w->fd, &out, sizeof(out));

	(void)n;
	w->answered = true;
}

/* Under the lock, which it lets go of to look. */
static void look(struct waiting_list *l)
{
	struct suspect *found = xcalloc(l->signalled, sizeof(*found));
	unsigned int n = 0;

	for (const struct waiting *w = l->head.next; w != &l->head; w = w->next)
		if (w->signalled && !w->answered)
			found[n++] = (struct suspect){w->unique, w->since, w->pid, false};
	pthread_mutex_unlock(&l->lock);
	for (unsigned int i = 0; i < n; i++)
		found[i].dying = is_dying(&found[i]);
	pthread_mutex_lock(&l->lock);
	for (unsigned int i = 0; i < n; i++)
		for (struct waiting *w = l->head.next; found[i].dying && w != &l->head; w = w->next)
			if (w->unique == found[i].unique && !w->answered) {
				answer(w);
				l->signalled--;
			}
	free(found);
}

static void *watcher_main(void *arg)
{
	struct waiting_list *l = arg;

	pthread_mutex_lock(&l->lock);
	while (!l->stop) {
		struct timespec until;

		if (!l->signalled) {
			pthread_cond_wait(&l->look, &l->lock);
			continue;
		}
		look(l);
		until = ns_timespec(clock_mono_ns() + LOOK_NS);
		if (l->signalled && !l->stop)
			pthread_cond_timedwait(&l->look, &l->lock, &until);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

struct waiting_list *waiting_new(struct error *err)
{
	struct waiting_list *l = xcalloc(1, sizeof(*l));
	pthread_condattr_t attr;

	l->head.next = l->head.prev = &l->head;
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->look, &attr);
	pthread_condattr_destroy(&attr);
	l->started = pthread_create(&l->watcher, NULL, watcher_main, l) == 0;
	if (l->started)
		return l;
	error_sys(err, "cannot start a thread");
	waiting_free(l);
	return NULL;
}

void waiting_free(struct waiting_list *l)
{
	if (!l)
		return;
	if (l->started) {
		pthread_mutex_lock(&l->lock);
		l->stop = true;
		pthread_cond_signal(&l->look);
		pthread_mutex_unlock(&l->lock);
		pthread_join(l->watcher, NULL);
	}
	pthread_cond_destroy(&l->look);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

/* Under the lock. */
static void suspect(struct waiting_list *l, struct waiting *w)
{
	w->signalled = true;
	l->signalled++;
	pthread_cond_signal(&l->look);
}

/* Under the lock. */
static bool came_early(const struct waiting_list *l, uint64_t unique)
{
	for (unsigned int i = 0; i < EARLY_COUNT && l->early[i]; i++)
		if (l->early[i] == unique)
			return true;
	return false;
}

void waiting_add(struct waiting_list *l, struct waiting *w)
{
	pthread_mutex_lock(&l->lock);
	w->since = clock_mono_ns();
	w->next = &l->head;
	w->prev = l->head.prev;
	w->prev->next = w->next->prev = w;
	if (w->signalled || came_early(l, w->unique))
		suspect(l, w);
	pthread_mutex_unlock(&l->lock);
}

bool waiting_remove(struct waiting_list *l, struct waiting *w)
{
	bool owed;

	pthread_mutex_lock(&l->lock);
	w->next->prev = w->prev;
	w->prev->next = w->next;
	w->next = w->prev = w;
	owed = !w->answered;
	if (w->signalled && owed)
		l->signalled--;
	pthread_mutex_unlock(&l->lock);
	return owed;
}

void waiting_signalled(struct waiting_list *l, uint64_t unique)
{
	struct waiting *w;

	pthread_mutex_lock(&l->lock);
	for (w = l->head.next; w != &l->head && w->unique != unique; w = w->next)
		;
	if (w == &l->head)
		l->early[l->early_next++ % EARLY_COUNT] = unique;
	else if (!w->signalled)
		suspect(l, w);
	pthread_mutex_unlock(&l->lock);
}
