/* Arrays in PostgreSQL's binary format, byte by byte. test_apply shows that the server agrees. */
#include <string.h>

#include "base/clock.h"
#include "db/array.h"
#include "suite.h"

/* ndim 1, no nulls or nulls, element type, length, lower bound 1 */
#define HEAD(oid_hi, oid_lo, n) 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, oid_hi, oid_lo, 0, 0, 0, n, 0, 0, 0, 1

static void assert_param(struct array *a, const unsigned char *expected, size_t size)
{
	int len;
	const char *param = array_param(a, &len);

	ck_assert_int_eq(len, (int)size);
	ck_assert_mem_eq(param, expected, size);
}

START_TEST(empty)
{
	static const unsigned char expected[] = {0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 20};
	struct array a;

	array_init(&a, ARRAY_INT8);
	assert_param(&a, expected, sizeof(expected));
	/* Empty again after it had something. */
	array_add_int(&a, 5);
	array_reset(&a);
	assert_param(&a, expected, sizeof(expected));
	array_free(&a);
}
END_TEST

START_TEST(integers)
{
	static const unsigned char int2[] = {
		HEAD(0, 21, 3), 0, 0, 0, 2, 0x7f, 0xff, 0, 0, 0, 2, 0x80, 0, 0, 0, 0, 2, 0, 1};
	static const unsigned char int4[] = {
		HEAD(0, 23, 2), 0, 0, 0, 4, 1, 2, 3, 4, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xfe};
	static const unsigned char int8[] = {HEAD(0, 20, 2), 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0,
		0, 0, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct array a;

	array_init(&a, ARRAY_INT2);
	array_add_int(&a, 32767);
	array_add_int(&a, -32768);
	array_add_int(&a, 1);
	assert_param(&a, int2, sizeof(int2));
	array_free(&a);
	array_init(&a, ARRAY_INT4);
	array_add_int(&a, 0x01020304);
	array_add_int(&a, -2);
	assert_param(&a, int4, sizeof(int4));
	array_free(&a);
	array_init(&a, ARRAY_INT8);
	array_add_int(&a, 0x0102030405060708);
	array_add_int(&a, -1);
	assert_param(&a, int8, sizeof(int8));
	/* The parameter is complete at any time, and more can follow. */
	array_add_int(&a, 9);
	ck_assert_int_eq(a.count, 3);
	array_free(&a);
}
END_TEST

START_TEST(bytes_and_nulls)
{
	static const unsigned char bytea[] = {HEAD(0, 17, 4), 0, 0, 0, 3, 'a', 0, 0xff, 0xff, 0xff,
		0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 2, 'x', 'y'};
	static const unsigned char text[] = {HEAD(0, 25, 1), 0, 0, 0, 1, 't'};
	struct array a;

	array_init(&a, ARRAY_BYTEA);
	array_add_bytes(&a, "a\0\xff", 3);
	array_add_null(&a);
	array_add_bytes(&a, NULL, 0);
	memcpy(array_add_room(&a, 2), "xy", 2);
	assert_param(&a, bytea, sizeof(bytea));
	array_free(&a);
	array_init(&a, ARRAY_TEXT);
	array_add_bytes(&a, "t", 1);
	assert_param(&a, text, sizeof(text));
	array_free(&a);
}
END_TEST

START_TEST(times)
{
	/* 2000-01-01 00:00:00 UTC, a microsecond before, and the Unix epoch. */
	static const unsigned char expected[] = {HEAD(4, 0xa0, 3), 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 8, 0xff,
		0xfc, 0xa2, 0xfe, 0xc4, 0xc8, 0x20, 0x00};
	struct array a;

	array_init(&a, ARRAY_TIMESTAMPTZ);
	array_add_time(&a, PG_EPOCH_US);
	array_add_time(&a, PG_EPOCH_US - 1);
	array_add_time(&a, 0);
	assert_param(&a, expected, sizeof(expected));
	array_free(&a);
}
END_TEST

START_TEST(grows)
{
	struct array a;
	const char *param;
	int len;

	array_init(&a, ARRAY_INT8);
	for (int64_t i = 0; i < 100000; i++)
		array_add_int(&a, i);
	param = array_param(&a, &len);
	ck_assert_int_eq(len, 20 + 12 * 100000);
	for (int64_t i = 0; i < 100000; i++) {
		unsigned char expected[12] = {0, 0, 0, 8, 0, 0, 0, 0, 0, (unsigned char)(i >> 16),
			(unsigned char)(i >> 8), (unsigned char)i};
		ck_assert_mem_eq(param + 20 + 12 * i, expected, 12);
	}
	array_reset(&a);
	array_add_int(&a, 1);
	array_param(&a, &len);
	ck_assert_int_eq(len, 32);
	array_free(&a);
}
END_TEST

START_TEST(clock_conversions)
{
	struct timespec ts = ns_timespec(-1);

	ck_assert_int_eq(ts.tv_sec, -1);
	ck_assert_int_eq(ts.tv_nsec, 999999999);
	for (int64_t ns = -3000000001; ns <= 3000000001; ns += 250000000) {
		ts = ns_timespec(ns);
		ck_assert_int_ge(ts.tv_nsec, 0);
		ck_assert_int_lt(ts.tv_nsec, 1000000000);
		ck_assert_int_eq(timespec_ns(&ts), ns);
	}
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, empty);
	tcase_add_test(tc, integers);
	tcase_add_test(tc, bytes_and_nulls);
	tcase_add_test(tc, times);
	tcase_add_test(tc, grows);
	tcase_add_test(tc, clock_conversions);
}

int main(void)
{
	return suite_main("array", add_tests);
}
