/* Sets of numbers as ranges, against an array of bits. */
#include "state/ranges.h"
#include "suite.h"

#define NUMBERS 200

static void check_set(const struct ranges *r, const bool *in)
{
	for (size_t i = 0; i < r->count; i++) {
		ck_assert_uint_lt(r->at[i].lo, r->at[i].hi);
		ck_assert(i == 0 || r->at[i - 1].hi < r->at[i].lo);
	}
	for (uint64_t x = 0, n = 0; x < NUMBERS; n += in[x++])
		if (ranges_count(r, 0, x) != n || ranges_count(r, x / 2, x) > n)
			ck_abort_msg("below %lu", (unsigned long)x);
	for (uint64_t x = 0; x < NUMBERS; x++) {
		uint64_t next_in = x, next_out = x;

		while (next_in < NUMBERS && !in[next_in])
			next_in++;
		while (next_out < NUMBERS && in[next_out])
			next_out++;
		if (next_in == NUMBERS)
			next_in = UINT64_MAX;
		if (ranges_next_in(r, x) != next_in || ranges_next_out(r, x) != next_out)
			ck_abort_msg("from %lu on", (unsigned long)x);
	}
}

START_TEST(model)
{
	struct rng rng = {(uint64_t)_i};
	struct ranges r = {0};
	bool in[NUMBERS] = {0};

	for (int i = 0; i < 2000; i++) {
		uint64_t lo = rng_below(&rng, NUMBERS);
		uint64_t hi = lo + rng_below(&rng, rng_below(&rng, 4) ? 12 : NUMBERS);
		bool add = rng_below(&rng, 2);

		if (hi > NUMBERS)
			hi = NUMBERS;
		if (add)
			ranges_add(&r, lo, hi);
		else
			ranges_cut(&r, lo, hi);
		for (uint64_t x = lo; x < hi; x++)
			in[x] = add;
		check_set(&r, in);
	}
	ranges_free(&r);
}
END_TEST

START_TEST(ends)
{
	struct ranges r = {0};

	ck_assert_uint_eq(ranges_next_in(&r, 0), UINT64_MAX);
	ck_assert_uint_eq(ranges_next_out(&r, 7), 7);
	ranges_cut(&r, 0, 10);
	ranges_add(&r, 5, 5);
	ck_assert_uint_eq(r.count, 0);
	ranges_add(&r, 0, INT64_MAX);
	ranges_cut(&r, 10, INT64_MAX);
	ck_assert_uint_eq(ranges_next_out(&r, 0), 10);
	ranges_add(&r, 10, 20);
	ck_assert_uint_eq(r.count, 1);
	ranges_free(&r);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, model, 0, 6);
	tcase_add_test(tc, ends);
}

int main(void)
{
	return suite_main("ranges", add_tests);
}
