#include "base/histogram.h"

#define SUB (1u << HISTOGRAM_SUB_BITS)

unsigned int histogram_bucket(uint64_t ns)
{
	unsigned int bits, sub;

	if (ns < UINT64_C(1) << HISTOGRAM_MIN_BITS)
		return 0;
	if (ns >= UINT64_C(1) << HISTOGRAM_MAX_BITS)
		return HISTOGRAM_BUCKETS - 1;
	bits = 63 - (unsigned int)__builtin_clzll(ns);
	sub = (unsigned int)(ns >> (bits - HISTOGRAM_SUB_BITS)) & (SUB - 1);
	return 1 + (bits - HISTOGRAM_MIN_BITS) * SUB + sub;
}

uint64_t histogram_begin(unsigned int bucket)
{
	unsigned int bits, sub;

	if (!bucket)
		return 0;
	bits = HISTOGRAM_MIN_BITS + (bucket - 1) / SUB;
	sub = (bucket - 1) % SUB;
	return (uint64_t)(SUB + sub) << (bits - HISTOGRAM_SUB_BITS);
}

static uint64_t get(const _Atomic uint64_t *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

void histogram_add(struct histogram *h, int64_t ns)
{
	uint64_t n = ns < 0 ? 0 : (uint64_t)ns, max = get(&h->max);

	atomic_fetch_add_explicit(&h->bucket[histogram_bucket(n)], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->total, n, memory_order_relaxed);
	while (n > max && !atomic_compare_exchange_weak_explicit(
				  &h->max, &max, n, memory_order_relaxed, memory_order_relaxed))
		;
}

uint64_t histogram_count(const struct histogram *h)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		count += get(&h->bucket[i]);
	return count;
}

/* Returns the n-th of `count` durations in a bucket, as if they lay evenly in it. */
static uint64_t inside(const struct histogram *h, unsigned int bucket, double n, uint64_t count)
{
	double begin = (double)histogram_begin(bucket), end = (double)histogram_begin(bucket + 1);
	double at = begin + (end - begin) * n / (double)count;
	uint64_t max = get(&h->max);

	return max && at > (double)max ? max : (uint64_t)at;
}

uint64_t histogram_quantile(const struct histogram *h, double q)
{
	double rank = q * (double)histogram_count(h), before = 0;
	unsigned int last = 0;
	uint64_t n = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t count = get(&h->bucket[i]);

		if (!count)
			continue;
		if (before + (double)count >= rank)
			return inside(h, i, rank - before, count);
		before += (double)count;
		last = i;
		n = count;
	}
	return n ? inside(h, last, (double)n, n) : 0;
}
