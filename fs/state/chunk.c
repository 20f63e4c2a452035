#include "state/chunk.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

#include "base/buf.h"
#include "base/clock.h"
#include "state/state.h"

/* What came so lately is still going to be read. */
#define LATELY_NS INT64_C(1000000000)

/* The key is contiguous. */
struct key {
	uint64_t ino, number;
};

void chunks_init(struct chunks *cs, uint64_t limit)
{
	*cs = (struct chunks){.budget = {"file data", 0, limit}};
}

struct chunk *chunk_find(struct chunks *cs, uint64_t ino, uint64_t number)
{
	const struct key key = {ino, number};
	struct chunk *c;

	HASH_FIND(hh, cs->table, &key, sizeof(key), c);
	return c;
}

void answer_count(struct chunks *cs, struct answer *answer)
{
	cs->budget.used += answer->bytes;
}

void answer_put(struct chunks *cs, struct answer *answer)
{
	assert(answer->users);
	if (--answer->users)
		return;
	cs->budget.used -= answer->bytes;
	LL_PREPEND(cs->unused, answer);
}

struct answer *chunks_unused(struct chunks *cs)
{
	struct answer *first = cs->unused;

	cs->unused = NULL;
	return first;
}

void answers_free(struct answer *first)
{
	struct answer *a, *tmp;

	LL_FOREACH_SAFE(first, a, tmp)
	{
		a->release(a->memory);
		free(a);
	}
}

static void drop(struct chunk *c)
{
	struct chunks *cs = c->owner;

	HASH_DEL(cs->table, c);
	DL_DELETE(c->inode->chunks, c);
	cs->budget.used -= c->reserved;
	if (c->answer)
		answer_put(cs, c->answer);
	free(c);
}

/* Makes room by forgetting what came first. What has not come has somebody who waits for it. */
static bool make_room(struct chunks *cs, uint64_t bytes, bool ahead, int64_t now)
{
	struct chunk *c, *tmp;

	HASH_ITER (hh, cs->table, c, tmp) {
		if (!budget_lacks(&cs->budget, bytes) || (ahead && now - c->since < LATELY_NS))
			break;
		if (c->answer)
			drop(c);
	}
	return !budget_lacks(&cs->budget, bytes);
}

bool chunk_expect(struct chunks *cs, struct inode *inode, uint64_t number, uint64_t bytes,
	bool ahead, const void *asked_by)
{
	int64_t now = clock_mono_ns();
	struct chunk *c;

	if (!make_room(cs, bytes, ahead, now))
		return false;
	c = xcalloc(1, sizeof(*c));
	c->ino = inode->ino;
	c->number = number;
	c->inode = inode;
	c->owner = cs;
	c->asked_by = asked_by;
	c->since = now;
	c->unread = c->reserved = bytes;
	cs->budget.used += bytes;
	HASH_ADD(hh, cs->table, ino, sizeof(struct key), c);
	DL_PREPEND(inode->chunks, c);
	return true;
}

void chunk_fill(struct chunk *chunk, struct answer *answer, size_t first, size_t end)
{
	chunk->owner->budget.used -= chunk->reserved;
	chunk->reserved = 0;
	chunk->answer = answer;
	chunk->first = first;
	chunk->end = end;
	answer->users++;
}

void chunk_read(struct chunk *chunk, uint64_t bytes)
{
	if (bytes < chunk->unread)
		chunk->unread -= bytes;
	else
		drop(chunk);
}

void chunks_forget(struct inode *inode, uint64_t lo, uint64_t hi)
{
	struct chunk *c, *tmp;

	DL_FOREACH_SAFE (inode->chunks, c, tmp)
		if (c->number * CHUNK_BYTES < hi && (c->number + 1) * CHUNK_BYTES > lo)
			drop(c);
}

void chunks_clear(struct chunks *cs)
{
	struct chunk *c, *tmp;

	HASH_ITER (hh, cs->table, c, tmp)
		drop(c);
}
