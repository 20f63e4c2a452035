/* Waits awake and asleep (base/spin.h), by how often they are tried, whatever the time. */
#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/spin.h"
#include "suite.h"

/* Longer than any test waits. */
#define LONG_NS INT64_C(10000000000)

/* A wait for what is there already, or what does not come in a millisecond. */
static int wait_for(struct spin *s, bool there)
{
	struct pollfd p = {.fd = eventfd(there, EFD_CLOEXEC | EFD_NONBLOCK), .events = POLLIN};
	int n = spin_poll(s, &p, 1, 1);

	close(p.fd);
	return n;
}

START_TEST(what_is_there)
{
	struct spin s = {.max_ns = LONG_NS}, none = {0};

	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(wait_for(&s, true), 1);
		ck_assert_int_eq(s.budget_ns, LONG_NS);
		ck_assert_int_eq(wait_for(&none, true), 1);
		ck_assert_int_eq(wait_for(&none, false), 0);
		ck_assert_int_eq(none.budget_ns, 0);
	}
}
END_TEST

START_TEST(what_comes_in_time)
{
	struct spin s = {.max_ns = LONG_NS, .budget_ns = LONG_NS / 8, .pause = 32};

	ck_assert_int_eq(wait_for(&s, true), 1);
	ck_assert_int_eq(s.budget_ns, LONG_NS);
	ck_assert_int_eq(s.pause, 0);
}
END_TEST

/* What else is polled ends the wait, and says nothing about the answer. */
START_TEST(what_else_comes)
{
	struct spin s = {.max_ns = LONG_NS, .budget_ns = LONG_NS / 4, .pause = 32};
	struct pollfd p[2] = {
		{.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .events = POLLIN},
		{.fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK), .events = POLLIN},
	};

	ck_assert_int_eq(spin_poll(&s, p, 2, 1), 1);
	p[0].events = POLLIN | POLLOUT;
	ck_assert_int_eq(spin_poll(&s, p, 1, 1), 1);
	ck_assert_int_eq(p[0].revents, POLLOUT);
	ck_assert_int_eq(s.budget_ns, LONG_NS / 4);
	ck_assert_int_eq(s.pause, 32);
	close(p[0].fd);
	close(p[1].fd);
}
END_TEST

/* How many of so many waits in vain were awake. */
static int tries(struct spin *s, int waits)
{
	int count = 0;

	for (int i = 0; i < waits; i++) {
		bool due = s->budget_ns || s->left <= 0;

		ck_assert_int_eq(wait_for(s, false), 0);
		count += due;
	}
	return count;
}

START_TEST(what_is_late)
{
	struct spin s = {.max_ns = 8000};

	/* Half, a quarter, and no more. */
	ck_assert_int_eq(tries(&s, 3), 3);
	ck_assert_int_eq(s.budget_ns, 0);
	ck_assert_int_eq(tries(&s, 16), 0);
	/* Each attempt is followed by a pause of twice as long. */
	ck_assert_int_eq(tries(&s, 3 + 32), 3);
	ck_assert_int_eq(tries(&s, 3 + 64), 3);
	/* What is there makes it good again. */
	s.left = 0;
	ck_assert_int_eq(wait_for(&s, true), 1);
	ck_assert_int_eq(s.budget_ns, 8000);
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_test(tc, what_is_there);
	tcase_add_test(tc, what_comes_in_time);
	tcase_add_test(tc, what_else_comes);
	tcase_add_test(tc, what_is_late);
}

int main(void)
{
	return suite_main("spin", add);
}
