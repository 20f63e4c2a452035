#include "op/follow.h"

#include <stddef.h>
#include <sys/eventfd.h>

#include "base/clock.h"

/* A server takes some thousands in a second. */
#define BEHIND_OPS 10000

bool follow_is_behind(const struct fs *fs)
{
	return fs->handing || journal_following(fs->journal);
}

static bool wait_in(struct fs *fs, struct follow_waiter **list, struct follow_waiter *w)
{
	if (!follow_is_behind(fs))
		return true;
	w->next = *list;
	*list = w;
	follow_wake(fs);
	return false;
}

bool follow_catch_up(struct fs *fs, struct follow_waiter *w)
{
	return wait_in(fs, &fs->followers, w);
}

bool follow_open(struct fs *fs, struct follow_waiter *w)
{
	return wait_in(fs, &fs->openers, w);
}

void follow_append(struct follow_waiter **list, struct follow_waiter **from)
{
	while (*list)
		list = &(*list)->next;
	*list = *from;
	*from = NULL;
}

void follow_call(struct follow_waiter *list, int error)
{
	struct follow_waiter *next;

	for (; list; list = next) {
		next = list->next;
		list->fn(list, error);
	}
}

void follow_wake(struct fs *fs)
{
	eventfd_write(fs->follow_fd, 1);
}

void follow_promise(struct fs *fs, int64_t ns)
{
	int64_t until = clock_mono_ns() + ns;

	if (fs->promise.until < until)
		fs->promise.until = until;
}

bool follow_promises(const struct fs *fs)
{
	return fs->promise.waits || clock_mono_ns() < fs->promise.until;
}

bool follow_closes_wait(const struct fs *fs)
{
	uint64_t behind = journal_next_op(fs->journal) - journal_committed(fs->journal);

	return follow_promises(fs) || (fs->state.shared && behind > BEHIND_OPS);
}

/* On the drain's thread. */
static void settled(struct journal_waiter *w, int error)
{
	struct fs *fs = (struct fs *)((char *)w - offsetof(struct fs, promise.waiter));

	pthread_mutex_lock(&fs->lock);
	fs->promise.waits = false;
	fs->promise.settled = !error;
	pthread_mutex_unlock(&fs->lock);
	follow_wake(fs);
}

void follow_settle(struct fs *fs)
{
	struct promise *p = &fs->promise;

	follow_promise(fs, FOLLOW_ASKED_NS);
	p->sure = !fs->state.silent;
	p->waiter.fn = settled;
	p->settled = !journal_failed(fs->journal) && journal_commit(fs->journal, &p->waiter);
	p->waits = !p->settled && !journal_failed(fs->journal);
}
