/* The table of pointers against a list that is searched from its beginning. */
#include "base/table.h"

#include <stdio.h>

#include "suite.h"

#define KEYS 300

struct thing {
	uint64_t key;
};

static bool has_key(const void *item, const void *key)
{
	return ((const struct thing *)item)->key == *(const uint64_t *)key;
}

/* Few hashes, so that many things share one. */
static uint32_t hash_of(uint64_t key, int bits)
{
	return hash_end(hash_bytes(0, &key, sizeof(key))) >> (32 - bits);
}

struct model {
	struct thing things[KEYS];
	struct thing *order[KEYS];
	int count;
};

static int place(const struct model *m, uint64_t key)
{
	for (int i = 0; i < m->count; i++)
		if (m->order[i]->key == key)
			return i;
	return -1;
}

static void take_out(struct model *m, int at)
{
	m->count--;
	for (int i = at; i < m->count; i++)
		m->order[i] = m->order[i + 1];
}

static void check(struct table *t, const struct model *m)
{
	size_t at = 0;

	ck_assert_uint_eq(t->count, m->count);
	ck_assert_ptr_eq(table_first(t), m->count ? m->order[0] : NULL);
	for (int i = 0; i < m->count; i++)
		ck_assert_ptr_eq(table_next(t, &at), m->order[i]);
	ck_assert_ptr_null(table_next(t, &at));
}

START_TEST(as_a_list)
{
	struct rng rng = {(uint64_t)_i};
	struct model *m = calloc(1, sizeof(*m));
	struct table t = {0};
	int bits = _i % 2 ? 3 : 32;

	for (uint64_t k = 0; k < KEYS; k++)
		m->things[k].key = k;
	for (int step = 0; step < 6000; step++) {
		uint64_t key = rng_below(&rng, KEYS);
		int at = place(m, key);

		ck_assert_ptr_eq(table_find(&t, hash_of(key, bits), has_key, &key),
			at < 0 ? NULL : &m->things[key]);
		if (rng_below(&rng, 4) == 0 && m->count) {
			struct thing *first = m->order[0];

			table_requeue(&t);
			take_out(m, 0);
			m->order[m->count++] = first;
		} else if (at < 0) {
			table_add(&t, hash_of(key, bits), &m->things[key]);
			m->order[m->count++] = &m->things[key];
		} else {
			table_remove(&t, hash_of(key, bits), &m->things[key]);
			take_out(m, at);
		}
		if (step % 50 == 0)
			check(&t, m);
	}
	check(&t, m);
	table_free(&t);
	free(m);
}
END_TEST

/* All are removed while they are walked. */
START_TEST(removed_on_the_way)
{
	static struct thing things[KEYS];
	struct table t = {0};
	struct thing *x;
	size_t at = 0, seen = 0;

	for (uint64_t k = 0; k < KEYS; k++) {
		things[k].key = k;
		table_add(&t, hash_of(k, 32), &things[k]);
	}
	while ((x = table_next(&t, &at))) {
		table_remove(&t, hash_of(x->key, 32), x);
		seen++;
	}
	ck_assert_uint_eq(seen, KEYS);
	ck_assert_uint_eq(t.count, 0);
	ck_assert_ptr_null(table_first(&t));
	table_free(&t);
}
END_TEST

/* Its memory follows what it has: 40 bytes at most for each of many, and those that went are
 * forgotten. */
START_TEST(memory)
{
	static struct thing things[100000];
	struct table t = {0};
	size_t bytes;

	for (uint64_t k = 0; k < 100000; k++) {
		things[k].key = k;
		table_add(&t, hash_of(k, 32), &things[k]);
		bytes = t.cap * (sizeof(*t.items) + sizeof(*t.hashes)) +
			t.slot_count * sizeof(*t.slots);
		if (k > 1000)
			ck_assert_uint_le(bytes, 40 * (k + 1));
	}
	for (uint64_t k = 0; k < 99990; k++)
		table_remove(&t, hash_of(k, 32), &things[k]);
	for (int i = 0; i < 200000; i++)
		table_requeue(&t);
	ck_assert_uint_le(t.cap, 100);
	ck_assert_uint_eq(((struct thing *)table_first(&t))->key, 99990);
	table_free(&t);
}
END_TEST

/* Names that differ in little have hashes that differ: as many slots as names, nearly. */
START_TEST(hashes)
{
	static unsigned char seen[1 << 16];
	char name[32];
	int different = 0;

	for (int i = 0; i < 1 << 14; i++) {
		int n = snprintf(name, sizeof(name), "%s%05d%s", i % 2 ? "file-" : "f", i,
			i % 3 ? ".txt" : "");
		uint32_t slot = hash_end(hash_bytes(7, name, (size_t)n)) & (sizeof(seen) - 1);

		different += !seen[slot];
		seen[slot] = 1;
	}
	/* Of balls that are thrown at random 88 % fall into a slot of their own. */
	ck_assert_int_ge(different, (1 << 14) * 85 / 100);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, as_a_list, 0, 6);
	tcase_add_test(tc, removed_on_the_way);
	tcase_add_test(tc, memory);
	tcase_add_test(tc, hashes);
}

int main(void)
{
	return suite_main("table", add_tests);
}
