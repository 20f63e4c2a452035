/* Which SQLSTATEs would come again until somebody changes the database. */
#include <string.h>

#include "db/refusal.h"
#include "suite.h"

START_TEST(final)
{
	static const char *const states[] = {
		"23514", "23505", "42501", "42P01", "22001", "P0001", "XX000", "XX001", "0A000"};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		ck_assert_msg(refusal_is_final(states[i]), "%s", states[i]);
		ck_assert(*refusal_hint(states[i]));
	}
	ck_assert_ptr_nonnull(strstr(refusal_hint("42501"), "rights"));
	ck_assert_ptr_nonnull(strstr(refusal_hint("42P01"), "schema"));
}
END_TEST

/* A server that goes, is full, starts, is a standby, or has ended a statement; and no state at all.
 */
START_TEST(passing)
{
	static const char *const states[] = {"", "08006", "25006", "40001", "40P01", "53100",
		"53200", "53300", "55P03", "57014", "57P01", "57P03", "58030"};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		ck_assert_msg(!refusal_is_final(states[i]), "%s", states[i]);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, final);
	tcase_add_test(tc, passing);
}

int main(void)
{
	return suite_main("refusal", add_tests);
}
