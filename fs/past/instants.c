#include "past/instants.h"

#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"

/* In a node there are 62 bits for the number and the inode. */
#define NUMBER_END (UINT64_C(1) << (62 - INO_BITS))

struct instant {
	uint64_t op, number;
	int64_t used;
	struct instant *next, *prev; /* from the one used least recently */
	UT_hash_handle by_op, by_number;
};

/* What an instant takes beside the tables: malloc's own word, too. */
#define INSTANT_BYTES (sizeof(struct instant) + 16)

struct instants {
	struct instant *by_op, *by_number, *oldest;
	uint64_t next; /* number to give out */
	uint64_t limit;
	bool said;
	uint64_t *kept; /* NULL: nothing outlives the daemon */
	size_t kept_count;
};

struct instants *instants_new(uint64_t bytes)
{
	struct instants *t = xcalloc(1, sizeof(*t));

	t->next = 1;
	t->limit = bytes;
	return t;
}

void instants_keep(struct instants *t, uint64_t *kept, size_t count)
{
	t->kept = kept;
	t->kept_count = count;
	while (t->next < count && kept[t->next])
		t->next++;
}

static void forget(struct instants *t, struct instant *i)
{
	HASH_DELETE(by_op, t->by_op, i);
	HASH_DELETE(by_number, t->by_number, i);
	DL_DELETE(t->oldest, i);
	free(i);
}

void instants_free(struct instants *t)
{
	while (t->oldest)
		forget(t, t->oldest);
	free(t);
}

struct budget instants_budget(const struct instants *t)
{
	return (struct budget){.name = "instants of the past",
		.used = HASH_CNT(by_op, t->by_op) * INSTANT_BYTES + HASH_OVERHEAD(by_op, t->by_op) +
			HASH_OVERHEAD(by_number, t->by_number),
		.limit = t->limit};
}

/* Moves it to the end of those that are forgotten. */
static void use(struct instants *t, struct instant *i)
{
	DL_DELETE(t->oldest, i);
	DL_APPEND(t->oldest, i);
}

static struct instant *find(const struct instants *t, uint64_t op)
{
	struct instant *i;

	HASH_FIND(by_op, t->by_op, &op, sizeof(op), i);
	return i;
}

static struct instant *add_number(struct instants *t, uint64_t op, uint64_t number)
{
	struct instant *i = xcalloc(1, sizeof(*i));

	i->op = op;
	i->number = number;
	HASH_ADD(by_op, t->by_op, op, sizeof(i->op), i);
	HASH_ADD(by_number, t->by_number, number, sizeof(i->number), i);
	DL_APPEND(t->oldest, i);
	return i;
}

static struct instant *add(struct instants *t, uint64_t op)
{

	if (t->next == NUMBER_END) {
		if (!t->said)
			log_warn("%llu instants of the past were read, and no more have a number: "
				 "unmount and mount again to read others",
				(unsigned long long)t->next - 1);
		t->said = true;
		return NULL;
	}
	if (t->next < t->kept_count)
		t->kept[t->next] = op;
	return add_number(t, op, t->next++);
}

uint64_t instants_number(struct instants *t, uint64_t op)
{
	struct instant *i = find(t, op);
	struct budget b;

	if (!i)
		i = add(t, op);
	if (!i)
		return 0;
	use(t, i);
	for (b = instants_budget(t); b.used > b.limit && t->oldest != i; b = instants_budget(t))
		forget(t, t->oldest);
	return i->number;
}

uint64_t instants_op(struct instants *t, uint64_t number)
{
	struct instant *i;

	HASH_FIND(by_number, t->by_number, &number, sizeof(number), i);
	/* Of an earlier daemon, or forgotten here. */
	if (!i && number < t->kept_count && t->kept[number] && !find(t, t->kept[number]))
		i = add_number(t, t->kept[number], number);
	if (!i)
		return 0;
	use(t, i);
	i->used = clock_mono_ns();
	return i->op;
}

int64_t instants_used(const struct instants *t, uint64_t op)
{
	const struct instant *i = find(t, op);

	return i ? i->used : 0;
}
