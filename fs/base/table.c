#include "base/table.h"

#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"

#define CAP_MIN 16

/* Returns the slot of an item's number, or the empty one where the search for it ends. */
static size_t probe(const struct table *t, uint32_t hash, const void *item)
{
	size_t mask = t->slot_count - 1, at = hash & mask;

	while (t->slots[at] && (!item || t->items[t->slots[at] - 1] != item))
		at = (at + 1) & mask;
	return at;
}

void *table_find(const struct table *t, uint32_t hash, table_match *match, const void *key)
{
	size_t mask = t->slot_count - 1;

	if (!t->count)
		return NULL;
	for (size_t at = hash & mask; t->slots[at]; at = (at + 1) & mask) {
		uint32_t n = t->slots[at] - 1;

		if (t->hashes[n] == hash && t->items[n] && match(t->items[n], key))
			return t->items[n];
	}
	return NULL;
}

/* Numbers the items anew, with room for half as many more: whoever requeues all of them pays for a
 * few of these. */
static void renumber(struct table *t)
{
	size_t cap = t->count + t->count / 2 + CAP_MIN, slot_count = 32, n = 0;
	void **items = xcalloc(cap, sizeof(*items));
	uint32_t *hashes = xcalloc(cap, sizeof(*hashes));

	for (size_t i = t->first; i < t->end; i++) {
		if (!t->items[i])
			continue;
		items[n] = t->items[i];
		hashes[n++] = t->hashes[i];
	}
	while (slot_count < cap + cap / 3)
		slot_count *= 2;
	free(t->items);
	free(t->hashes);
	free(t->slots);
	*t = (struct table){.items = items,
		.hashes = hashes,
		.slots = xcalloc(slot_count, sizeof(*t->slots)),
		.count = n,
		.end = n,
		.cap = cap,
		.slot_count = slot_count};
	for (size_t i = 0; i < n; i++)
		t->slots[probe(t, hashes[i], NULL)] = (uint32_t)i + 1;
}

void table_add(struct table *t, uint32_t hash, void *item)
{
	if (t->end == t->cap)
		renumber(t);
	t->items[t->end] = item;
	t->hashes[t->end] = hash;
	t->slots[probe(t, hash, NULL)] = (uint32_t)++t->end;
	t->count++;
}

void table_remove(struct table *t, uint32_t hash, const void *item)
{
	size_t at = probe(t, hash, item);

	assert(t->slots[at]);
	/* The slot keeps the number: other searches go on behind it. */
	t->items[t->slots[at] - 1] = NULL;
	t->count--;
}

void *table_first(struct table *t)
{
	while (t->first < t->end && !t->items[t->first])
		t->first++;
	return t->first < t->end ? t->items[t->first] : NULL;
}

void table_requeue(struct table *t)
{
	void *item = table_first(t);
	uint32_t hash = t->hashes[t->first];

	t->items[t->first] = NULL;
	t->count--;
	table_add(t, hash, item);
}

void *table_next(const struct table *t, size_t *at)
{
	while (*at < t->end) {
		void *item = t->items[(*at)++];

		if (item)
			return item;
	}
	return NULL;
}

void table_free(struct table *t)
{
	free(t->items);
	free(t->hashes);
	free(t->slots);
	*t = (struct table){0};
}
