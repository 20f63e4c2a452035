/* Lines of /proc/locks and /proc/PID/fdinfo. */
#include <check.h>
#include <string.h>

#include "live/locks.h"
#include "suite.h"

static struct file_lock parse(const char *line)
{
	struct file_lock l = {0};
	ck_assert(file_lock_parse(line, strlen(line), &l));
	return l;
}

START_TEST(held)
{
	struct file_lock l = parse("12: POSIX  ADVISORY  READ 23053 fe:1a:10993671 100 109");
	ck_assert_int_eq(l.kind, LOCK_POSIX);
	ck_assert(!l.writes && !l.waiting);
	ck_assert_int_eq(l.pid, 23053);
	ck_assert_uint_eq(l.major, 0xfe);
	ck_assert_uint_eq(l.minor, 0x1a);
	ck_assert_uint_eq(l.ino, 10993671);
	ck_assert_uint_eq(l.first, 100);
	ck_assert_uint_eq(l.last, 109);
}
END_TEST

START_TEST(kinds)
{
	struct file_lock l = parse("4: FLOCK  ADVISORY  WRITE 1 00:32:7 0 EOF");
	ck_assert_int_eq(l.kind, LOCK_FLOCK);
	ck_assert(l.writes);
	ck_assert_uint_eq(l.last, UINT64_MAX);
	l = parse("3: OFDLCK ADVISORY  WRITE -1 00:32:7 0 9");
	ck_assert_int_eq(l.kind, LOCK_OFD);
	ck_assert_int_eq(l.pid, -1);
	ck_assert_int_eq(parse("1: LEASE  ACTIVE    WRITE 5 00:32:7 0 EOF").kind, LOCK_LEASE);
	ck_assert_int_eq(parse("1: DELEG  BREAKING  READ 5 00:32:7 0 EOF").kind, LOCK_LEASE);
}
END_TEST

START_TEST(waiting)
{
	struct file_lock l = parse("2: -> POSIX  ADVISORY  WRITE 6 00:32:7 0 0");
	ck_assert(l.waiting);
	ck_assert_int_eq(l.kind, LOCK_POSIX);
	/* Who waits for one that waits is further to the right. */
	l = parse("2:   -> FLOCK  ADVISORY  WRITE 6 00:32:7 0 EOF");
	ck_assert(l.waiting);
	ck_assert_int_eq(l.kind, LOCK_FLOCK);
}
END_TEST

START_TEST(fdinfo)
{
	struct file_lock l = parse("lock:\t1: OFDLCK ADVISORY  WRITE -1 00:32:7 0 9"), same;
	ck_assert_int_eq(l.kind, LOCK_OFD);
	same = parse("77: OFDLCK ADVISORY  WRITE -1 00:32:7 0 9");
	ck_assert_int_eq(file_lock_compare(&l, &same), 0);
}
END_TEST

START_TEST(not_a_lock)
{
	static const char *const lines[] = {"", "pos:\t0", "flags:\t02", "lock:\t",
		"1: ", "1: NEWER  ADVISORY  READ 1 00:32:7 0 EOF",
		"1: POSIX  ADVISORY  READ 1 00:32", "1: POSIX  *NOINODE* READ 1 <none>:0 0 EOF"};
	struct file_lock l;
	char longer[400];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		ck_assert_msg(!file_lock_parse(lines[i], strlen(lines[i]), &l), "%s", lines[i]);
	memset(longer, '1', sizeof(longer));
	ck_assert(!file_lock_parse(longer, sizeof(longer), &l));
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_test(tc, held);
	tcase_add_test(tc, kinds);
	tcase_add_test(tc, waiting);
	tcase_add_test(tc, fdinfo);
	tcase_add_test(tc, not_a_lock);
}

int main(void)
{
	return suite_main("locks", add);
}
