/* The order of blobs: each once, little of the pages free, and a stream as it came. */
#include "journal/pages.h"

#include <stdlib.h>

#include "rows.h"
#include "suite.h"

#define COUNT 800
#define PAGE  (8192 - 24)

/* Bytes that the server takes for a row with a blob, and for its place in the page. */
static uint32_t row_bytes(uint32_t blob)
{
	uint32_t row = 24 + 8 + 4 + blob;

	return (row > 8160 ? 56 : (row + 7) / 8 * 8) + 4;
}

/* Pages that rows take, each beside the one before it for as long as there is room. */
static uint32_t pages_of(const uint32_t *bytes, const uint32_t *order)
{
	uint32_t pages = 1, room = PAGE;

	for (int i = 0; i < COUNT; i++) {
		uint32_t row = row_bytes(bytes[order ? order[i] : (uint32_t)i]);

		pages += row > room;
		room = (row > room ? PAGE : room) - row;
	}
	return pages;
}

START_TEST(each_is_there_once)
{
	struct rng rng = {(uint64_t)_i + 1};
	uint32_t bytes[COUNT], order[COUNT];
	bool seen[COUNT] = {false};

	for (int i = 0; i < COUNT; i++)
		bytes[i] = (uint32_t)rng_below(&rng, _i % 2 ? 9000 : EXTENT_MAX + 1);
	pages_order(bytes, COUNT, order);
	for (int i = 0; i < COUNT; i++) {
		ck_assert_uint_lt(order[i], COUNT);
		ck_assert(!seen[order[i]]);
		seen[order[i]] = true;
	}
}
END_TEST

START_TEST(pages_are_filled)
{
	struct rng rng = {(uint64_t)_i + 1};
	uint32_t bytes[COUNT], order[COUNT];
	uint64_t rows = 0;

	for (int i = 0; i < COUNT; i++) {
		bytes[i] = 1024 + (uint32_t)rng_below(&rng, 7000);
		rows += row_bytes(bytes[i]);
	}
	pages_order(bytes, COUNT, order);
	ck_assert_uint_lt(pages_of(bytes, order), rows / PAGE * 106 / 100);
	ck_assert_uint_lt(pages_of(bytes, order), pages_of(bytes, NULL) * 80 / 100);
}
END_TEST

START_TEST(a_stream_keeps_its_order)
{
	uint32_t bytes[COUNT], order[COUNT];

	for (int i = 0; i < COUNT; i++)
		bytes[i] = EXTENT_MAX;
	pages_order(bytes, COUNT, order);
	for (uint32_t i = 0; i < COUNT; i++)
		ck_assert_uint_eq(order[i], i);
	pages_order(bytes, 0, order);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, each_is_there_once, 0, 4);
	tcase_add_loop_test(tc, pages_are_filled, 0, 4);
	tcase_add_test(tc, a_stream_keeps_its_order);
}

int main(void)
{
	return suite_main("pages", add_tests);
}
