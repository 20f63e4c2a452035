#include "journal/journal_impl.h"

struct journal_waiter *waiters_take(struct journal_waiter **list, uint64_t up_to)
{
	struct journal_waiter *taken = NULL, **p = list;

	while (*p) {
		struct journal_waiter *w = *p;
		if (w->op <= up_to) {
			*p = w->next;
			w->next = taken;
			taken = w;
		} else {
			p = &w->next;
		}
	}
	return taken;
}

void waiters_call(struct journal_waiter *list, int error)
{
	while (list) {
		struct journal_waiter *w = list;
		list = w->next;
		w->fn(w, error);
	}
}
