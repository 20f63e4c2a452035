/* Durations in buckets: where these begin, quantiles, what is too long, many threads at once; and
 * the spans and processes that are counted in them. */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/trace.h"
#include "suite.h"

START_TEST(boundaries)
{
	ck_assert_uint_eq(histogram_bucket(0), 0);
	ck_assert_uint_eq(histogram_bucket(255), 0);
	ck_assert_uint_eq(histogram_bucket(256), 1);
	ck_assert_uint_eq(histogram_bucket(319), 1);
	ck_assert_uint_eq(histogram_bucket(320), 2);
	ck_assert_uint_eq(
		histogram_bucket((UINT64_C(1) << HISTOGRAM_MAX_BITS) - 1), HISTOGRAM_BUCKETS - 2);
	ck_assert_uint_eq(
		histogram_bucket(UINT64_C(1) << HISTOGRAM_MAX_BITS), HISTOGRAM_BUCKETS - 1);
	ck_assert_uint_eq(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
	/* Each begins where the one before ends, and holds what it begins with. */
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		ck_assert_uint_lt(histogram_begin(i), histogram_begin(i + 1));
		ck_assert_uint_eq(histogram_bucket(histogram_begin(i)), i);
		if (i)
			ck_assert_uint_eq(histogram_bucket(histogram_begin(i) - 1), i - 1);
		/* A quarter, at most. */
		if (i > 1)
			ck_assert_uint_le((histogram_begin(i + 1) - histogram_begin(i)) * 4,
				histogram_begin(i));
	}
}
END_TEST

START_TEST(quantiles)
{
	static struct histogram h;

	ck_assert_uint_eq(histogram_quantile(&h, 0.5), 0);
	for (int i = 1; i <= 10000; i++)
		histogram_add(&h, i * INT64_C(1000));
	ck_assert_uint_eq(histogram_count(&h), 10000);
	ck_assert_uint_eq(h.total, UINT64_C(1000) * 10000 * 10001 / 2);
	ck_assert_uint_eq(h.max, 10000000);
	for (int percent = 1; percent <= 100; percent++) {
		uint64_t exact = (uint64_t)percent * 100000;
		uint64_t seen = histogram_quantile(&h, percent / 100.0);

		ck_assert_msg(seen * 4 >= exact * 3 && seen * 4 <= exact * 5, "%d: %lu", percent,
			(unsigned long)seen);
	}
	ck_assert_uint_eq(histogram_quantile(&h, 1), h.max);
}
END_TEST

START_TEST(extremes)
{
	static struct histogram h;

	histogram_add(&h, -5);
	ck_assert_uint_eq(h.bucket[0], 1);
	ck_assert_uint_eq(h.total, 0);
	histogram_add(&h, INT64_MAX);
	ck_assert_uint_eq(h.bucket[HISTOGRAM_BUCKETS - 1], 1);
	ck_assert_uint_eq(h.max, INT64_MAX);
	ck_assert_uint_eq(histogram_count(&h), 2);
	ck_assert_uint_lt(histogram_quantile(&h, 0.5), 257);
	ck_assert_uint_ge(histogram_quantile(&h, 0.99), UINT64_C(1) << HISTOGRAM_MAX_BITS);
}
END_TEST

enum { THREADS = 8, ADDED = 100000 };

static void *add_many(void *arg)
{
	for (int i = 0; i < ADDED; i++)
		histogram_add(arg, 1000 + i);
	return NULL;
}

START_TEST(concurrent)
{
	static struct histogram h;
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, add_many, &h);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	ck_assert_uint_eq(histogram_count(&h), (uint64_t)THREADS * ADDED);
	ck_assert_uint_eq(h.total,
		(uint64_t)THREADS * (UINT64_C(1000) * ADDED + (uint64_t)ADDED * (ADDED - 1) / 2));
	ck_assert_uint_eq(h.max, 1000 + ADDED - 1);
}
END_TEST

START_TEST(names)
{
	for (int i = 0; i < TRACE_PHASES; i++) {
		ck_assert_ptr_nonnull(trace_phase_name((enum trace_phase)i));
		ck_assert_int_eq(
			i == TRACE_TOTAL, trace_part_of((enum trace_phase)i) == TRACE_PART_TOTAL);
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(trace_phase_name((enum trace_phase)i),
				trace_phase_name((enum trace_phase)j));
	}
	for (int i = 0; i < TRACE_PARTS; i++)
		ck_assert_ptr_nonnull(trace_part_name((enum trace_part)i));
}
END_TEST

static uint64_t total(const struct trace *t, unsigned int row, enum trace_phase phase)
{
	return trace_histogram(t, row, phase)->total;
}

START_TEST(spans)
{
	struct trace *t = trace_new();
	struct trace_span s = {0};
	uint64_t sum;

	/* Nothing is timed. */
	trace_enter(&s, TRACE_REPLY);
	ck_assert_int_eq(trace_end(t, &s), 0);
	trace_begin(&s, 5, TRACE_STATE, clock_mono_ns() - 5000000);
	trace_enter(&s, TRACE_FLUSH);
	usleep(1000);
	trace_enter(&s, TRACE_STATE);
	trace_enter(&s, TRACE_FLUSH);
	trace_enter(&s, TRACE_REPLY);
	ck_assert_int_ge(trace_end(t, &s), 6000000);
	ck_assert_int_eq(trace_end(t, &s), 0);
	/* A phase counts once, however often it was entered, and phases add up to the total. */
	ck_assert_uint_eq(histogram_count(trace_histogram(t, 5, TRACE_STATE)), 1);
	ck_assert_uint_eq(histogram_count(trace_histogram(t, 5, TRACE_FLUSH)), 1);
	ck_assert_uint_eq(histogram_count(trace_histogram(t, 5, TRACE_NAME)), 0);
	sum = total(t, 5, TRACE_STATE) + total(t, 5, TRACE_FLUSH) + total(t, 5, TRACE_REPLY);
	ck_assert_uint_eq(sum, total(t, 5, TRACE_TOTAL));
	ck_assert_uint_ge(total(t, 5, TRACE_STATE), 5000000);
	ck_assert_uint_ge(total(t, 5, TRACE_FLUSH), 1000000);
	trace_free(t);
}
END_TEST

/* What is looked for, and what was found. */
struct found {
	int32_t pid;
	unsigned int all;
	struct trace_process process;
};

static void find(void *arg, const struct trace_process *p)
{
	struct found *f = arg;

	f->all++;
	if (p->pid == f->pid)
		f->process = *p;
}

static void count(struct trace *t, int32_t pid)
{
	struct trace_span s = {0};

	trace_begin(&s, 1, TRACE_STATE, clock_mono_ns() - 1000);
	s.pid = pid;
	s.uid = 7;
	trace_enter(&s, TRACE_NAME);
	trace_end(t, &s);
}

START_TEST(processes)
{
	struct trace *t = trace_new();
	struct found me = {.pid = getpid()}, last = {.pid = 2000000000};

	count(t, me.pid);
	count(t, me.pid);
	trace_each_process(t, find, &me);
	ck_assert_uint_eq(me.all, 1);
	ck_assert_uint_eq(histogram_count(&me.process.total), 2);
	ck_assert_uint_eq(me.process.uid, 7);
	ck_assert_uint_ne(strlen(me.process.comm), 0);
	ck_assert_uint_eq(me.process.part[TRACE_PART_STATE] + me.process.part[TRACE_PART_DATABASE],
		me.process.total.total);
	/* There is room for a bounded number: the last ones stay. */
	for (int i = 0; i < 10000; i++)
		count(t, last.pid - 10000 + i);
	count(t, last.pid);
	trace_each_process(t, find, &last);
	ck_assert_uint_le(last.all, 512);
	ck_assert_uint_eq(histogram_count(&last.process.total), 1);
	ck_assert_str_eq(last.process.comm, "");
	trace_free(t);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, boundaries);
	tcase_add_test(tc, quantiles);
	tcase_add_test(tc, extremes);
	tcase_add_test(tc, concurrent);
	tcase_add_test(tc, names);
	tcase_add_test(tc, spans);
	tcase_add_test(tc, processes);
}

int main(void)
{
	return suite_main("histogram", add_tests);
}
