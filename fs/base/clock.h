#pragma once

#include <stdint.h>
#include <time.h>

/* Microseconds from the Unix epoch to 2000-01-01, where PostgreSQL's timestamptz starts. */
#define PG_EPOCH_US INT64_C(946684800000000)

/* The wall clock may go back by so much before it counts as set: daemons of NTP slew what is less,
 * and set what is more than a fraction of a second. */
#define CLOCK_TOLERANCE_US INT64_C(1000000)

/* Returns nanoseconds since the epoch, limited to what fits: the years 1677 to 2262. */
static inline int64_t timespec_ns(const struct timespec *ts)
{
	int64_t ns;

	if (__builtin_mul_overflow((int64_t)ts->tv_sec, INT64_C(1000000000), &ns) ||
		__builtin_add_overflow(ns, (int64_t)ts->tv_nsec, &ns))
		return ts->tv_sec < 0 ? INT64_MIN + 1 : INT64_MAX;
	return ns;
}

static inline struct timespec ns_timespec(int64_t ns)
{
	struct timespec ts = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
	if (ts.tv_nsec < 0) {
		ts.tv_nsec += 1000000000;
		ts.tv_sec--;
	}
	return ts;
}

/* Returns the wall clock, in nanoseconds since the epoch. */
static inline int64_t clock_now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return timespec_ns(&ts);
}

/* Returns a clock that never steps, for intervals, in nanoseconds. It stands while the host is
 * suspended. */
static inline int64_t clock_mono_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return timespec_ns(&ts);
}

/* The same, and it counts the time for which the host was suspended. */
static inline int64_t clock_boot_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_BOOTTIME, &ts);
	return timespec_ns(&ts);
}
