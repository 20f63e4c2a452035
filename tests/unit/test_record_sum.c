/* The checksum of journal records. */
#include "journal/record_sum.h"
#include "suite.h"

START_TEST(sums)
{
	uint64_t words[13] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}, sum;

	/* The stored one does not count, wherever it is. */
	for (size_t at = 0; at < 13; at++) {
		uint64_t word = words[at];

		words[at] = 0;
		sum = record_sum(words, sizeof(words), at * 8);
		words[at] = UINT64_MAX - 7;
		ck_assert_uint_eq(sum, record_sum(words, sizeof(words), at * 8));
		words[at] = word;
	}
	sum = record_sum(words, sizeof(words), 0);
	/* Two of one lane that have changed places. */
	words[5] = 10;
	words[9] = 6;
	ck_assert_uint_ne(sum, record_sum(words, sizeof(words), 0));
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, sums);
}

int main(void)
{
	return suite_main("record_sum", add_tests);
}
