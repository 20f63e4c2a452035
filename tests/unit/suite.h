#pragma once

#include <check.h>
#include <stdint.h>
#include <stdlib.h>

/* Runs the tests that add() adds; for main() to return. */
static inline int suite_main(const char *name, void (*add)(TCase *tc))
{
	TCase *tc = tcase_create(name);
	Suite *suite = suite_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tc, 60);
	add(tc);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Numbers that look random and are the same in every run, so that a failure can be repeated: the
 * seed is the number of the iteration, which check prints. */
struct rng {
	uint64_t state;
};

/* splitmix64, by Vigna */
static inline uint64_t rng_next(struct rng *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* From 0 to n - 1. */
static inline uint64_t rng_below(struct rng *r, uint64_t n)
{
	return rng_next(r) % n;
}

static inline void rng_fill(struct rng *r, void *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((unsigned char *)data)[i] = (unsigned char)rng_next(r);
}
