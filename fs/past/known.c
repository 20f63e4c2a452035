#include "past/known.h"

#include "base/clock.h"

#define TOP_NS INT64_C(1000000000)

/* A multiplicative hash: nodes that follow each other have places of their own. */
static uint64_t place_of(uint64_t node)
{
	return (node * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & (KNOWN_PLAIN - 1);
}

void known_plain_put(struct known *k, uint64_t node)
{
	k->plain[place_of(node)] = node;
}

bool known_plain(const struct known *k, uint64_t node)
{
	return node && k->plain[place_of(node)] == node;
}

void known_top_put(struct known *k, uint64_t op, const struct stat *st)
{
	struct known_top *place = k->tops;

	for (struct known_top *t = k->tops; t < k->tops + KNOWN_TOPS && place->op != op; t++)
		if (t->op == op || t->read < place->read)
			place = t;
	*place = (struct known_top){.op = op, .read = clock_mono_ns(), .st = *st};
}

bool known_top(const struct known *k, uint64_t op, struct stat *st)
{
	for (const struct known_top *t = k->tops; t < k->tops + KNOWN_TOPS; t++)
		if (op && t->op == op && clock_mono_ns() - t->read < TOP_NS) {
			*st = t->st;
			return true;
		}
	return false;
}
