/* Reading the files of proc(5), nasty ones first. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/proc_read.h"
#include "base/proc_text.h"

#define LITERAL(s) s, sizeof(s) - 1
#define TAIL                                                                                       \
	" R 5331 5332 4864 0 -1 4194304 101 0 0 0 0 0 0 0 20 0 1 0 102005 3133440 388 "            \
	"18446744073709551615 94501927981056 94501928000937 140728554527584 0 0 0 0\n"

static struct proc_stat parse(const char *text)
{
	struct proc_stat st = {0};
	ck_assert(proc_parse_stat(text, strlen(text), &st));
	return st;
}

START_TEST(stat_fields)
{
	struct proc_stat st = parse("5336 (cat)" TAIL);
	ck_assert_int_eq(st.pid, 5336);
	ck_assert_int_eq(st.state, 'R');
	ck_assert_int_eq(st.ppid, 5331);
	ck_assert_int_eq(st.session, 4864);
	ck_assert_uint_eq(st.flags, 4194304);
	ck_assert_uint_eq(st.start_time, 102005);
	ck_assert_uint_eq(st.start_code, UINT64_C(94501927981056));
	ck_assert_uint_eq(st.start_stack, UINT64_C(140728554527584));
	ck_assert_str_eq(st.comm, "cat");
}
END_TEST

START_TEST(stat_nasty_comm)
{
	static const char *const comms[] = {
		"a) R 1 (b",
		") S 0 0 0",
		"",
		" ",
		"((((",
		"))))",
		"a\nb",
		"\xff\xfe",
	};
	size_t i;
	for (i = 0; i < sizeof(comms) / sizeof(comms[0]); i++) {
		char text[512] = "7 (";
		struct proc_stat st;
		strcat(strcat(strcat(text, comms[i]), ")"), TAIL);
		st = parse(text);
		ck_assert_str_eq(st.comm, comms[i]);
		ck_assert_int_eq(st.ppid, 5331);
		ck_assert_uint_eq(st.start_time, 102005);
	}
}
END_TEST

START_TEST(stat_long_comm)
{
	char text[1024] = "7 (";
	struct proc_stat st;
	memset(text + 3, 'k', 200);
	strcat(strcat(text, ")"), TAIL);
	st = parse(text);
	ck_assert_uint_eq(strlen(st.comm), sizeof(st.comm) - 1);
	ck_assert_int_eq(st.ppid, 5331);
}
END_TEST

/* Cut at every byte: either refused, or all that is wanted was there. */
START_TEST(stat_truncated)
{
	static const char text[] = "5336 (a) R 1 (b)" TAIL;
	size_t enough = (size_t)(strstr(text, "140728554527584 ") - text) + 16;
	size_t len;
	for (len = 0; len < sizeof(text); len++) {
		struct proc_stat st = {.pid = -1};
		char *copy = malloc(len + 1); /* of its exact size, for the sanitizers */
		bool ok;
		memcpy(copy, text, len);
		copy = realloc(copy, len ? len : 1);
		ok = proc_parse_stat(copy, len, &st);
		free(copy);
		ck_assert_int_eq(ok, len >= enough);
		ck_assert_int_eq(st.pid, ok ? 5336 : -1);
	}
}
END_TEST

START_TEST(stat_not_one)
{
	static const char *const texts[] = {"", "x", "(cat) R", "5336", "5336 cat R 1", "5336 (cat",
		"99999999999999999999 (cat)" TAIL, "5336 (cat) R -1 1 1 1 1 1 1"};
	size_t i;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct proc_stat st;
		ck_assert(!proc_parse_stat(texts[i], strlen(texts[i]), &st));
	}
}
END_TEST

START_TEST(tgid)
{
	static const char text[] = "Name:\tTgid:\t9\nUmask:\t0022\nTgid:\t42\nNgid:\t0\n";
	pid_t pid = -1;
	ck_assert(proc_parse_tgid(text, sizeof(text) - 1, &pid));
	ck_assert_int_eq(pid, 42);
	pid = -1;
	ck_assert(!proc_parse_tgid(text, (size_t)(strstr(text, "2\nNgid") - text), &pid));
	ck_assert(!proc_parse_tgid("", 0, &pid));
	ck_assert(!proc_parse_tgid("Name:\tx\nTgid:\t\n", 15, &pid));
	ck_assert_int_eq(pid, -1);
}
END_TEST

START_TEST(own_pid)
{
	static const char text[] = "Name:\tNSpid:\t9\nPid:\t42\nGroups:\t0 1 "
				   "\nNStgid:\t42\t8\nNSpid:\t42\t7\t1\nNSpgid:\t5\n";
	static const char one[] = "Name:\tx\nNSpid:\t42\n";
	pid_t pid = -1;

	ck_assert(proc_parse_own_pid(text, sizeof(text) - 1, &pid));
	ck_assert_int_eq(pid, 1);
	ck_assert(proc_parse_own_pid(one, sizeof(one) - 1, &pid));
	ck_assert_int_eq(pid, 42);
	pid = -1;
	for (const char *end = text; end < strstr(text, "\nNSpgid"); end++)
		ck_assert(!proc_parse_own_pid(text, (size_t)(end - text), &pid));
	ck_assert(!proc_parse_own_pid("Name:\tx\nNSpid:\t\n", 16, &pid));
	ck_assert_int_eq(pid, -1);
}
END_TEST

START_TEST(status_field)
{
	static const char text[] =
		"Name:\tSigPnd:\t1\nEmpty:\nGroups:\t0 1 \nSigPnd:\t0100\nlast:\tx";
	size_t n = 99;
	const char *value = proc_status_field(text, sizeof(text) - 1, "Groups", &n);

	ck_assert_ptr_eq(value, strstr(text, "0 1"));
	ck_assert_uint_eq(n, 4);
	ck_assert_ptr_nonnull(proc_status_field(text, sizeof(text) - 1, "Empty", &n));
	ck_assert_uint_eq(n, 0);
	ck_assert_ptr_null(proc_status_field(text, sizeof(text) - 1, "Sig", &n));
	ck_assert_ptr_null(proc_status_field(text, sizeof(text) - 1, "last", &n));
	ck_assert_ptr_null(proc_status_field("", 0, "Name", &n));
}
END_TEST

START_TEST(pending)
{
	static const char text[] =
		"Name:\tx\nSigPnd:\t0000000000000100\nShdPnd:\t0000000000000200\n";
	uint64_t mask = 7;

	ck_assert(proc_parse_pending(text, sizeof(text) - 1, &mask));
	ck_assert_uint_eq(mask, 0x100);
	mask = 7;
	for (const char *end = text; end < strstr(text, "\nShdPnd"); end++)
		ck_assert(!proc_parse_pending(text, (size_t)(end - text), &mask));
	ck_assert(!proc_parse_pending(LITERAL("SigPnd:\t00000000000001000\n"), &mask));
	ck_assert(!proc_parse_pending(LITERAL("SigPnd:\t01x0\n"), &mask));
	ck_assert(!proc_parse_pending(LITERAL("SigPnd:\t\n"), &mask));
	ck_assert_uint_eq(mask, 7);
}
END_TEST

START_TEST(loginuid)
{
	ck_assert_int_eq(proc_parse_loginuid("1000", 4), 1000);
	ck_assert_int_eq(proc_parse_loginuid("0", 1), 0);
	ck_assert_int_eq(proc_parse_loginuid("4294967295", 10), -1);
	ck_assert_int_eq(proc_parse_loginuid("", 0), -1);
	ck_assert_int_eq(proc_parse_loginuid("x", 1), -1);
}
END_TEST

#define ck_text(call, expected)                                                                    \
	do {                                                                                       \
		char *text_ = call;                                                                \
		ck_assert_str_eq(text_, expected);                                                 \
		free(text_);                                                                       \
	} while (0)
START_TEST(cmdline)
{
	ck_text(proc_format_cmdline("", 0), "");
	ck_text(proc_format_cmdline(LITERAL("\0\0\0")), "");
	ck_text(proc_format_cmdline(LITERAL("rm\0-f\0x\0")), "rm -f x");
	ck_text(proc_format_cmdline(LITERAL("rm\0-f\0x")), "rm -f x");
	ck_text(proc_format_cmdline(LITERAL("sshd: root [priv]\0\0\0\0")), "'sshd: root [priv]'");
	ck_text(proc_format_cmdline(LITERAL("sh\0-c\0a && b\0")), "sh -c 'a && b'");
	ck_text(proc_format_cmdline(LITERAL("a\0\0b\0")), "a '' b");
	ck_text(proc_format_cmdline(LITERAL("a\0it's \"so\"\0")), "a \"it's \\\"so\\\"\"");
	ck_text(proc_format_cmdline(LITERAL("a\0x\ny\0\xff\0\\\0")), "a 'x\\x0Ay' \\xFF \\x5C");
	ck_text(proc_format_cmdline(LITERAL("ls\0\xc3\xa5.txt\0")), "ls \xc3\xa5.txt");
}
END_TEST

START_TEST(cmdline_bound)
{
	static const char *const units[] = {
		"a", "\xff", "\xc3\xa5", "\xf0\x9f\x90\xa7", "\\", "'", " "};
	size_t i, shift;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		for (shift = 0; shift < 8; shift++) {
			char in[8192], *text, *again;
			size_t n = shift, unit = strlen(units[i]);
			memset(in, 'x', shift);
			for (; n + unit <= sizeof(in); n += unit)
				memcpy(in + n, units[i], unit);
			text = proc_format_cmdline(in, n);
			n = strlen(text);
			ck_assert_uint_le(n, PROC_TEXT_MAX);
			ck_assert_uint_ge(n, PROC_TEXT_MAX - 4);
			ck_assert_str_eq(text + n - 3, "...");
			/* Still text: escaping it changes nothing but its backslashes. */
			again = proc_escape(text, n);
			ck_assert_ptr_null(strstr(again, "\\xF"));
			ck_assert_ptr_null(strstr(again, "\\xC"));
			free(again);
			if (units[i][0] == '\xff')
				ck_assert_mem_eq(text + n - 7, "\\xFF", 4);
			free(text);
		}
}
END_TEST

START_TEST(cmdline_exact_bound)
{
	char in[PROC_TEXT_MAX + 2], *text;
	memset(in, 'a', sizeof(in));
	in[PROC_TEXT_MAX] = '\0';
	text = proc_format_cmdline(in, PROC_TEXT_MAX + 1);
	ck_assert_str_eq(text, in);
	free(text);
	in[PROC_TEXT_MAX] = 'a';
	text = proc_format_cmdline(in, PROC_TEXT_MAX + 1);
	ck_assert_uint_eq(strlen(text), PROC_TEXT_MAX);
	ck_assert_str_eq(text + PROC_TEXT_MAX - 3, "...");
	free(text);
}
END_TEST

static char *cgroup_text(const char *buf, size_t len)
{
	const char *path = proc_cgroup_path(buf, len, &len);

	return proc_text(path, len);
}

START_TEST(cgroup)
{
	ck_text(cgroup_text(LITERAL("0::/user.slice/a.scope\n")), "/user.slice/a.scope");
	ck_text(cgroup_text(LITERAL("9:name=systemd:/old\n4:memory:/m\n0::/new\n")), "/new");
	ck_text(cgroup_text(LITERAL("4:memory:/m\n9:name=systemd:/a:b\n1:name=x:/y\n")), "/a:b");
	ck_text(cgroup_text(LITERAL("4:memory:/m\n")), "");
	ck_text(cgroup_text(LITERAL("0::/cut")), "/cut");
	ck_text(cgroup_text(LITERAL("0:")), "");
	ck_text(cgroup_text(LITERAL("\n\n:\n::\n")), "");
	ck_text(cgroup_text("", 0), "");
	ck_text(cgroup_text(LITERAL("0::/\xff\n")), "/\\xFF");
}
END_TEST

START_TEST(escape)
{
	ck_text(proc_escape("", 0), "");
	ck_text(proc_escape(LITERAL("plain \xc3\xa5 \xe2\x82\xac \xf0\x9f\x90\xa7")),
		"plain \xc3\xa5 \xe2\x82\xac \xf0\x9f\x90\xa7");
	ck_text(proc_escape(LITERAL("\0\x1f\x7f\\")), "\\x00\\x1F\\x7F\\x5C");
	ck_text(proc_escape(LITERAL("\xc2\x80\xc2\xa0")), "\\xC2\\x80\xc2\xa0");   /* C1, NBSP */
	ck_text(proc_escape(LITERAL("\xc0\xaf")), "\\xC0\\xAF");                   /* overlong */
	ck_text(proc_escape(LITERAL("\xe0\x80\xaf")), "\\xE0\\x80\\xAF");          /* overlong */
	ck_text(proc_escape(LITERAL("\xed\xa0\x80")), "\\xED\\xA0\\x80");          /* surrogate */
	ck_text(proc_escape(LITERAL("\xf4\x90\x80\x80")), "\\xF4\\x90\\x80\\x80"); /* too big */
	ck_text(proc_escape(LITERAL("\xf0\x8f\xbf\xbf")), "\\xF0\\x8F\\xBF\\xBF"); /* overlong */
	ck_text(proc_escape(LITERAL("\xe2\x82")), "\\xE2\\x82");                   /* cut */
	ck_text(proc_escape(LITERAL("\xe2\x82z")), "\\xE2\\x82z");
}
END_TEST

static bool is_me(pid_t pid, void *arg)
{
	bool *seen = arg;

	*seen = pid == getpid();
	return !*seen;
}

START_TEST(reads_this_process)
{
	struct proc_stat by_pid, by_fd, self;
	bool seen = false;
	pid_t own = -1;
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);

	ck_assert(proc_read_stat(getpid(), &by_pid));
	ck_assert(proc_read_stat(0, &self));
	ck_assert(proc_pread_stat(fd, &by_fd) && proc_pread_stat(fd, &by_fd));
	close(fd);
	ck_assert_int_eq(by_pid.pid, getpid());
	ck_assert_int_eq(self.pid, getpid());
	ck_assert_int_eq(by_pid.ppid, getppid());
	ck_assert_uint_eq(by_pid.start_time, by_fd.start_time);
	ck_assert(proc_read_own_pid(getpid(), &own));
	ck_assert_int_eq(own, getpid());
	ck_assert(proc_each(is_me, &seen));
	ck_assert(seen);
}
END_TEST

START_TEST(reads_names)
{
	char comm[PROC_COMM_MAX];

	ck_assert_int_eq(prctl(PR_SET_NAME, "a) R 1\n(b\n"), 0);
	ck_assert(proc_read_comm(getpid(), comm));
	ck_assert_str_eq(comm, "a) R 1\n(b\n");
}
END_TEST

START_TEST(reads_pending_signals)
{
	bool is_pending = true;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	ck_assert(proc_signal_pending(gettid(), SIGUSR1, &is_pending));
	ck_assert(!is_pending);
	ck_assert_int_eq(tgkill(getpid(), gettid(), SIGUSR1), 0);
	/* One of the whole process is any thread's. */
	ck_assert_int_eq(kill(getpid(), SIGUSR2), 0);
	ck_assert(proc_signal_pending(gettid(), SIGUSR1, &is_pending));
	ck_assert(is_pending);
	ck_assert(proc_signal_pending(gettid(), SIGUSR2, &is_pending));
	ck_assert(!is_pending);
}
END_TEST

/* The list of groups stands before the fields that are read, and may be long. */
START_TEST(reads_past_many_groups)
{
	enum { GROUPS = 20000 };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		gid_t *groups = calloc(GROUPS, sizeof(*groups));
		bool is_pending;
		pid_t own;

		for (int i = 0; i < GROUPS; i++)
			groups[i] = (gid_t)(1000000 + i);
		if (setgroups(GROUPS, groups) != 0)
			_exit(errno == EPERM ? 0 : 1);
		_exit(proc_read_own_pid(getpid(), &own) && own == getpid() &&
					proc_signal_pending(getpid(), SIGKILL, &is_pending)
				? 0
				: 2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(reads_nothing_of_one_that_is_gone)
{
	char comm[PROC_COMM_MAX] = "x", buf[64];
	struct proc_stat st;
	bool is_pending;
	char path[64];
	pid_t pid = fork(), own;
	int fd;

	if (pid == 0) {
		pause();
		_exit(0);
	}
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert(proc_pread_stat(fd, &st));
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
	ck_assert(proc_read_stat(pid, &st));
	ck_assert_int_eq(st.state, 'Z');
	waitpid(pid, NULL, 0);
	ck_assert(!proc_pread_stat(fd, &st));
	close(fd);
	ck_assert(!proc_read_stat(pid, &st));
	ck_assert(!proc_read_comm(pid, comm));
	ck_assert_str_eq(comm, "");
	ck_assert(!proc_read_own_pid(pid, &own));
	ck_assert(!proc_signal_pending(pid, SIGKILL, &is_pending));
	ck_assert_int_eq(proc_read(pid, "cmdline", buf, sizeof(buf)), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("proc");
	Suite *suite = suite_create("proc");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, stat_fields);
	tcase_add_test(tc, stat_nasty_comm);
	tcase_add_test(tc, stat_long_comm);
	tcase_add_test(tc, stat_truncated);
	tcase_add_test(tc, stat_not_one);
	tcase_add_test(tc, tgid);
	tcase_add_test(tc, own_pid);
	tcase_add_test(tc, status_field);
	tcase_add_test(tc, pending);
	tcase_add_test(tc, loginuid);
	tcase_add_test(tc, cmdline);
	tcase_add_test(tc, cmdline_bound);
	tcase_add_test(tc, cmdline_exact_bound);
	tcase_add_test(tc, cgroup);
	tcase_add_test(tc, escape);
	tcase_add_test(tc, reads_this_process);
	tcase_add_test(tc, reads_names);
	tcase_add_test(tc, reads_pending_signals);
	tcase_add_test(tc, reads_past_many_groups);
	tcase_add_test(tc, reads_nothing_of_one_that_is_gone);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
