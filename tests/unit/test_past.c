/* Nodes of the past, and who may reach it now. */
#include <unistd.h>

#include "base/clock.h"
#include "past/past.h"
#include "suite.h"

START_TEST(nodes)
{
	struct past *past = past_new(PAST_CACHE_DEFAULT);
	uint64_t a = past_node(past, 100, 1), b = past_node(past, 200, 1);

	ck_assert(past_is(a) && past_is(b) && a != b);
	ck_assert(!past_is(1) && !past_is(UINT64_C(1) << 40));
	ck_assert(past_is(PAST_DIR) && past_is(PAST_AT));
	ck_assert_uint_eq(past_op(past, a), 100);
	ck_assert_uint_eq(past_op(past, b), 200);
	ck_assert_uint_eq(past_ino(past_node(past, 200, 12345)), 12345);
	/* The same whenever it is asked for. */
	for (uint64_t op = 1000; op < 3000; op++)
		past_node(past, op, 7);
	ck_assert_uint_eq(past_node(past, 100, 1), a);
	ck_assert_uint_eq(past_op(past, past_node(past, 2999, 7)), 2999);
	/* What does not fit, and what was never given out. */
	ck_assert_uint_eq(past_node(past, 100, UINT64_C(1) << PAST_INO_BITS), 0);
	ck_assert_uint_eq(past_op(past, PAST_AT), 0);
	ck_assert_uint_eq(past_op(past, PAST_BIT | UINT64_C(500000) << PAST_INO_BITS | 1), 0);
	past_free(past);
}
END_TEST

/* Those that are used stay, what was forgotten has another number, and no number means two. */
START_TEST(forgets)
{
	struct past *past = past_new(UINT64_C(1) << 20);
	struct budget budgets[PAST_BUDGETS];
	uint64_t used = past_node(past, 1, 7), idle = past_node(past, 2, 7), again;

	for (uint64_t op = 3; op < 20000; op++) {
		past_node(past, op, 7);
		ck_assert_uint_eq(past_op(past, used), 1);
		ck_assert_uint_eq(past_budgets(past, budgets), PAST_BUDGETS);
		ck_assert_uint_le(budgets[0].used, budgets[0].limit);
	}
	ck_assert_uint_eq(past_op(past, idle), 0);
	again = past_node(past, 2, 7);
	ck_assert_uint_ne(again, idle);
	ck_assert_uint_eq(past_op(past, again), 2);
	ck_assert_uint_eq(past_op(past, idle), 0);
	past_free(past);
}
END_TEST

/* What is known of a node is of that node alone. */
START_TEST(knows)
{
	struct past *past = past_new(UINT64_C(1) << 20);
	struct stat st = {.st_size = 5}, got;
	int known = 0;

	for (uint64_t ino = 1; ino <= 1000; ino++)
		past_plain_keep(past, past_node(past, 7, 2 * ino));
	for (uint64_t ino = 1; ino <= 1000; ino++) {
		ck_assert(!past_is_plain(past, past_node(past, 7, 2 * ino + 1)));
		ck_assert(!past_is_plain(past, past_node(past, 8, 2 * ino)));
		known += past_is_plain(past, past_node(past, 7, 2 * ino));
	}
	/* Some have the same place. */
	ck_assert_int_ge(known, 900);
	ck_assert(!past_is_plain(past, 0));
	ck_assert(!past_top_find(past, 0, &got));
	for (uint64_t op = 1; op <= 100; op++) {
		past_top_keep(past, op, &st);
		ck_assert(past_top_find(past, op, &got));
		ck_assert_int_eq(got.st_size, 5);
	}
	ck_assert(past_top_find(past, 99, &got));
	ck_assert(!past_top_find(past, 1, &got));
	ck_assert(!past_top_find(past, 101, &got));
	nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 10000000}, NULL);
	ck_assert(!past_top_find(past, 100, &got));
	past_free(past);
}
END_TEST

START_TEST(keeps_pages)
{
	struct past *past = past_new(UINT64_C(1) << 20);
	struct past_page page = {.node = 5, .after = 0, .upto = 100, .read = clock_mono_ns()}, got;
	struct budget budgets[PAST_BUDGETS];
	PGresult *res;

	past_page_put(past, &page, PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK));
	ck_assert_ptr_null(past_page_take(past, 5, 100, &got));
	ck_assert_ptr_null(past_page_take(past, 6, 1, &got));
	res = past_page_take(past, 5, 99, &got);
	ck_assert_ptr_nonnull(res);
	ck_assert_uint_eq(got.upto, 100);
	/* It is out while somebody has it. */
	ck_assert_ptr_null(past_page_take(past, 5, 99, &got));
	got.read -= INT64_C(3000000000);
	past_page_put(past, &got, res);
	ck_assert_ptr_null(past_page_take(past, 5, 99, &got));
	for (uint64_t node = 10; node < 20000; node++) {
		page.node = node;
		page.read = clock_mono_ns();
		past_page_put(past, &page, PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK));
	}
	past_budgets(past, budgets);
	ck_assert_uint_le(budgets[1].used, budgets[1].limit);
	ck_assert_ptr_null(past_page_take(past, 10, 1, &got));
	res = past_page_take(past, 19999, 1, &got);
	ck_assert_ptr_nonnull(res);
	PQclear(res);
	past_free(past);
}
END_TEST

START_TEST(bounds_what_waits)
{
	struct past *past = past_new(UINT64_C(1) << 20);
	int n = 0;

	while (past_wait_begin(past, 4096))
		n++;
	ck_assert_int_eq(n, (1 << 18) / 4096);
	past_wait_end(past, 4096);
	ck_assert(past_wait_begin(past, 4096));
	past_free(past);
}
END_TEST

static bool may(uid_t uid, gid_t gid, gid_t other, const char *guard, int want)
{
	gid_t groups[] = {gid, other};
	struct past_caller c = {uid, 2, groups, false};

	return past_allowed(&c, guard, want);
}

START_TEST(guards)
{
	/* 0640 of 10:20 in a directory 0755 of root. */
	const char *file = "33184 10 20;16877 0 0";

	ck_assert(may(10, 1, 1, file, R_OK));
	ck_assert(!may(10, 1, 1, file, X_OK));
	ck_assert(may(11, 20, 1, file, R_OK));
	ck_assert(may(11, 1, 20, file, R_OK));
	ck_assert(!may(11, 1, 1, file, R_OK));
	ck_assert(may(0, 1, 1, file, R_OK));
	/* Nothing is known of it, or of a directory above: for root alone. */
	ck_assert(!may(11, 1, 1, "", R_OK));
	ck_assert(may(0, 1, 1, "", R_OK));
	/* What cannot be read allows nothing to others. */
	ck_assert(!may(10, 1, 1, "33188 10 20;nothing", R_OK));
	ck_assert(!may(10, 1, 1, "33188 10 20 list;16877 0 0", R_OK));
	ck_assert(!may(10, 1, 1, "33188 10", R_OK));
	/* The class that one belongs to decides, also where another has more: 0407. */
	ck_assert(!may(11, 20, 1, "33031 10 20", R_OK));
	ck_assert(may(12, 1, 1, "33031 10 20", R_OK));
	/* Directories above are searched, not read: 0711, and 0700 of another. */
	ck_assert(may(11, 1, 1, "33188 0 0;16841 0 0;16877 0 0", R_OK));
	ck_assert(!may(11, 1, 1, "33188 0 0;16877 0 0;16832 0 0", R_OK));
	ck_assert(!may(11, 1, 1, "33188 0 0;16832 0 0;16877 0 0", R_OK));
}
END_TEST

START_TEST(guards_with_lists)
{
	/* u::rw-, u:7:rw-, g::---, g:30:r--, m::r--, o::---; mode 0640 of 10:20. */
	const char *file = "33184 10 20 0200000001000600ffffffff020006000700000004000000ffffffff"
			   "080004001e00000010000400ffffffff20000000ffffffff;16877 0 0";
	/* A directory above that user 7 may not search: u:7:---, m::--x, o::--x. */
	char below[400];

	snprintf(below, sizeof(below), "33188 10 20;16841 0 0 %s",
		"0200000001000700ffffffff020000000700000004000100ffffffff10000100ffffffff"
		"20000100ffffffff;16877 0 0");
	ck_assert(may(10, 1, 1, file, R_OK));
	ck_assert(may(7, 1, 1, file, R_OK));
	ck_assert(!may(7, 1, 1, file, X_OK));
	/* The group bits of the mode are the mask, not the owning group's. */
	ck_assert(!may(11, 20, 1, file, R_OK));
	ck_assert(may(11, 20, 30, file, R_OK));
	ck_assert(!may(11, 1, 1, file, R_OK));
	ck_assert(may(0, 1, 1, file, R_OK));
	ck_assert(may(11, 1, 1, below, R_OK));
	ck_assert(!may(7, 1, 1, below, R_OK));
	ck_assert(past_allowed(&(struct past_caller){11, 1, (gid_t[]){20}, true}, file, R_OK));
	/* Bytes that are no list: nobody but root. */
	ck_assert(!may(10, 1, 1, "33188 10 20 02", R_OK));
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, nodes);
	tcase_add_test(tc, forgets);
	tcase_add_test(tc, knows);
	tcase_add_test(tc, keeps_pages);
	tcase_add_test(tc, bounds_what_waits);
	tcase_add_test(tc, guards);
	tcase_add_test(tc, guards_with_lists);
}

int main(void)
{
	return suite_main("past", add_tests);
}
