/* Sizes as people type them. */
#include "base/size.h"
#include "suite.h"

#define K UINT64_C(1024)

START_TEST(sizes)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} table[] = {
		{"1", 1},
		{"4096", 4096},
		{"4096B", 4096},
		{"10K", 10 * K},
		{"10k", 10 * K},
		{"512M", 512 * K * K},
		{"512MB", 512 * K * K},
		{"512 MiB", 512 * K * K},
		{"10G", 10 * K * K * K},
		{"10 GB", 10 * K * K * K},
		{"10GiB", 10 * K * K * K},
		{"1.5G", 3 * K * K * K / 2},
		{"0.5 kB", 512},
		{"1T", K * K * K * K},
		{"2TiB", 2 * K * K * K * K},
		{"1P", K * K * K * K * K},
		{"1E", K * K * K * K * K * K},
		{"4E", 4 * K * K * K * K * K * K},
		{"010", 10},
		{"9007199254740993", UINT64_C(9007199254740993)},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint64_t bytes = 0;

		ck_assert_msg(size_parse(table[i].text, &bytes), "%s", table[i].text);
		ck_assert_msg(
			bytes == table[i].bytes, "%s: %lu", table[i].text, (unsigned long)bytes);
	}
}
END_TEST

START_TEST(refused)
{
	static const char *const table[] = {"", " ", "0", "0G", "0.0001K", "-1", "-1G", "+1", "G",
		"B", "1e3", "1e3G", "0x10", "1,5G", "1.G", ".5G", "1GG", "1Gi", "1iB", "1BB",
		"1 G B", "10 G ", " 10G", "10X", "inf", "nan", "none", "5E", "9999999999999999999",
		"99999999999999999999999999999999999999999", "1\xff"};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint64_t bytes = 7;

		ck_assert_msg(!size_parse(table[i], &bytes) && bytes == 7, "%s", table[i]);
	}
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, refused);
}

int main(void)
{
	return suite_main("size", add_tests);
}
