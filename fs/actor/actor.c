#include "actor/actor.h"

#include <stdlib.h>
#include <string.h>

struct actor *actor_ref(struct actor *actor)
{
	if (actor)
		atomic_fetch_add_explicit(&actor->refs, 1, memory_order_relaxed);
	return actor;
}

void actor_unref(struct actor *actor)
{
	if (!actor || atomic_fetch_sub_explicit(&actor->refs, 1, memory_order_acq_rel) > 1)
		return;
	free(actor->exe);
	free(actor->comm);
	free(actor->cmdline);
	free(actor->cgroup);
	free(actor->cwd);
	free(actor->chain);
	free(actor->unit);
	free(actor->username);
	free(actor->run);
	free(actor->tag);
	free(actor);
}

static size_t text_bytes(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

size_t actor_bytes(const struct actor *a)
{
	return !a ? 0
		  : sizeof(*a) + text_bytes(a->exe) + text_bytes(a->comm) + text_bytes(a->cmdline) +
			       text_bytes(a->cgroup) + text_bytes(a->cwd) + text_bytes(a->chain) +
			       text_bytes(a->unit) + text_bytes(a->username) + text_bytes(a->run) +
			       text_bytes(a->tag);
}
