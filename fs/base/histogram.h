#pragma once

#include <stdatomic.h>
#include <stdint.h>

/*
 * A histogram of durations with log-scaled buckets: four to a power of two, so that a quantile is
 * at most a quarter off. The first bucket has all below 256 ns, the last one all from 64 minutes
 * on.
 *
 * All zero, it is empty. Any thread may add at any time: who reads meanwhile sees each duration in
 * all fields or in some. Nothing locks.
 */
#define HISTOGRAM_MIN_BITS 8
#define HISTOGRAM_SUB_BITS 2
#define HISTOGRAM_MAX_BITS 42
#define HISTOGRAM_BUCKETS                                                                          \
	(1 + ((HISTOGRAM_MAX_BITS - HISTOGRAM_MIN_BITS) << HISTOGRAM_SUB_BITS) + 1)

struct histogram {
	_Atomic uint64_t total; /* ns */
	_Atomic uint64_t max;   /* ns */
	_Atomic uint64_t bucket[HISTOGRAM_BUCKETS];
};

/* Adds a duration of ns nanoseconds; a negative one counts as 0. */
void histogram_add(struct histogram *h, int64_t ns);

/* Returns how many durations there are. */
uint64_t histogram_count(const struct histogram *h);

/*
 * Returns the duration, in ns, that the share q (0 to 1) of all does not exceed: interpolated in
 * its bucket, and never above the longest, where that is known (max is not 0). 0 when it is empty.
 */
uint64_t histogram_quantile(const struct histogram *h, double q);

/* Returns the number of the bucket of a duration. */
unsigned int histogram_bucket(uint64_t ns);

/* Returns where a bucket begins, ns; of HISTOGRAM_BUCKETS, where the last one would end. */
uint64_t histogram_begin(unsigned int bucket);
