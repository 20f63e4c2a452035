/* What may be a tag, and what the variable that marks a run may hold. */
#include <string.h>

#include "base/proc.h"
#include "base/run.h"
#include "suite.h"

#define UUID "0f8fad5b-d9cb-469f-a165-70867728950e"

START_TEST(tags)
{
	static const char *const good[] = {"a", "nightly build", "UPPER/lower:1.2",
		"\xc3\xa5\xe2\x82\xac", "-x", "\\", "'; drop table", "\xf0\x9f\x8f\xb7"};
	static const char *const bad[] = {"", "a\nb", "\t", "\x7f", "\xc2\x85", "\xff", "a\xe2\x82",
		"\xed\xa0\x80", "\x1b[31m"};
	char text[RUN_TAG_MAX + 2];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(run_tag_valid(good[i], strlen(good[i])), "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!run_tag_valid(bad[i], strlen(bad[i])), "%zu", i);
	ck_assert(!run_tag_valid("a\0b", 3));
	memset(text, 'x', sizeof(text));
	ck_assert(run_tag_valid(text, RUN_TAG_MAX));
	ck_assert(!run_tag_valid(text, RUN_TAG_MAX + 1));
}
END_TEST

START_TEST(values)
{
	static const char *const good[] = {UUID ":t", UUID ":a:b", UUID ": "};
	static const char *const bad[] = {"", ":", "t", UUID, UUID ":", UUID "t", UUID "-t",
		"0F8fad5b-d9cb-469f-a165-70867728950e:t", "0f8fad5b-d9cb-469f-a165-70867728950:t",
		"0f8fad5bd9cb-469f-a165-70867728950e0:t", "gf8fad5b-d9cb-469f-a165-70867728950e:t",
		UUID ":a\nb", UUID ":\xff"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(run_valid(good[i], strlen(good[i])), "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!run_valid(bad[i], strlen(bad[i])), "%s", bad[i]);
}
END_TEST

static void check_variable(const char *environ, size_t len, const char *expected)
{
	char *copy = malloc(len + 1); /* its size, for the sanitizer */
	const char *value;
	size_t n;

	copy = realloc(copy, len ? len : 1);
	memcpy(copy, environ, len);
	value = proc_find_variable(copy, len, "RUN", &n);
	if (!expected) {
		ck_assert_ptr_null(value);
	} else {
		ck_assert_ptr_nonnull(value);
		ck_assert_uint_eq(n, strlen(expected));
		ck_assert_mem_eq(value, expected, n);
	}
	free(copy);
}

#define ENVIRON(text, value) check_variable(text, sizeof(text) - 1, value)

START_TEST(variables)
{
	ENVIRON("RUN=x\0", "x");
	ENVIRON("A=1\0RUN=x=y\0B=2\0", "x=y");
	ENVIRON("RUN=\0", "");
	ENVIRON("RUN=first\0RUN=second\0", "first");
	ENVIRON("XRUN=x\0RUNX=y\0RUN\0=\0\0", NULL);
	ENVIRON("A=RUN=x\0", NULL);
	ENVIRON("A=1\0RUN=cut", NULL);
	ENVIRON("A=1\0RU", NULL);
	ENVIRON("A=1\0RUN", NULL);
	ENVIRON("", NULL);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, tags);
	tcase_add_test(tc, values);
	tcase_add_test(tc, variables);
}

int main(void)
{
	return suite_main("run", add_tests);
}
