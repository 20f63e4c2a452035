#include "op/follow.h"

#include <sys/eventfd.h>

bool follow_is_behind(const struct fs *fs)
{
	return fs->handing || journal_following(fs->journal);
}

bool follow_catch_up(struct fs *fs, struct follow_waiter *w)
{
	if (!follow_is_behind(fs))
		return true;
	w->next = fs->followers;
	fs->followers = w;
	follow_wake(fs);
	return false;
}

struct follow_waiter *follow_take(struct fs *fs)
{
	struct follow_waiter *list = fs->followers;

	fs->followers = NULL;
	return list;
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
