/* Who asked: real processes, which wait on a socket as a caller waits for its answer. */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor/actor.h"
#include "actor/facts.h"
#include "actor/seek.h"
#include "base/host.h"
#include "base/mark.h"
#include "base/ns.h"
#include "base/proc_read.h"
#include "child.h"

static struct actor_cache *cache;
static char self_exe[4096];

static void setup(void)
{
	cache = actor_cache_new(64, 1 << 20, ACTOR_FULL);
	ck_assert_ptr_nonnull(cache);
}

static void teardown(void)
{
	actor_cache_free(cache);
}

static struct actor *get(pid_t tid)
{
	struct actor *a = actor_get(cache, tid, 0, 0);
	ck_assert_ptr_nonnull(a);
	return a;
}

/* Checks who tid is and returns the actor, of which the cache must have kept a reference. It asks
 * so often that the process is watched. */
static struct actor *check_actor(pid_t tid, pid_t pid, const char *comm, const char *cmdline)
{
	struct actor *a = get(tid);
	for (int i = 0; i < 20; i++) {
		struct actor *again = get(tid);
		ck_assert_ptr_eq(a, again);
		actor_unref(again);
	}
	ck_assert_int_eq(a->pid, pid);
	ck_assert_str_eq(a->comm, comm);
	ck_assert_str_eq(a->cmdline, cmdline);
	return a;
}

START_TEST(fields)
{
	char cwd[4096] = "", parent[64];
	struct child c = child_start("one");
	struct actor *a = check_actor(c.pid, c.pid, "exe", "test_actor child one");
	ck_assert_ptr_nonnull(getcwd(cwd, sizeof(cwd)));
	ck_assert_str_eq(a->exe, self_exe);
	ck_assert_uint_eq(a->marks, ACTOR_EXE_SEEN);
	ck_assert_int_eq(a->ppid, getpid());
	ck_assert_uint_gt(a->start_time, 0);
	ck_assert_uint_eq(a->id, 0);
	ck_assert_int_eq(a->cgroup[0], '/');
	ck_assert_str_eq(a->username, "root");
	ck_assert_int_eq(a->session, getsid(0));
	ck_assert_str_eq(a->cwd, cwd);
	snprintf(parent, sizeof(parent), "test_actor[%d] <- ", getpid());
	ck_assert_msg(!strncmp(a->chain, parent, strlen(parent)), "%s", a->chain);
	ck_assert_ptr_null(a->run);
	ck_assert_ptr_null(a->tag);
	actor_unref(a);
	a = actor_get(cache, c.pid, 4294967294, 7);
	ck_assert_uint_eq(a->uid, 4294967294);
	ck_assert_uint_eq(a->gid, 7);
	ck_assert_ptr_null(a->username);
	actor_unref(a);
	child_end(&c);
}
END_TEST

/* A process that is one of a run by its environment, however large that is. */
START_TEST(runs)
{
	static const char value[] = "0f8fad5b-d9cb-469f-a165-70867728950e:a tag";
	char *large = malloc(100001);
	struct child c;
	struct actor *a;

	ck_assert_int_eq(setenv("THULE_RUN", value, 1), 0);
	for (int i = 0; i < 2; i++) {
		c = child_start("x");
		a = check_actor(c.pid, c.pid, "exe", "test_actor child x");
		ck_assert_str_eq(a->tag, "a tag");
		ck_assert_uint_eq(strlen(a->run), 36);
		ck_assert_int_eq(strncmp(a->run, value, 36), 0);
		actor_unref(a);
		child_end(&c);
		/* And behind another variable. */
		unsetenv("THULE_RUN");
		memset(large, 'x', 100000);
		large[100000] = '\0';
		setenv("LARGE", large, 1);
		setenv("THULE_RUN", value, 1);
	}
	setenv("THULE_RUN", "not an id:a tag", 1);
	c = child_start("x");
	a = get(c.pid);
	ck_assert_ptr_null(a->tag);
	actor_unref(a);
	child_end(&c);
	free(large);
}
END_TEST

/* What is kept less of. */
START_TEST(details)
{
	struct child c = child_start("x");
	struct actor *a, *b;

	actor_cache_free(cache);
	cache = actor_cache_new(64, 1 << 20, ACTOR_BASIC);
	a = check_actor(c.pid, c.pid, "exe", "");
	ck_assert_str_eq(a->exe, self_exe);
	ck_assert_str_eq(a->cwd, "");
	ck_assert_str_eq(a->chain, "");
	actor_unref(a);
	actor_cache_free(cache);
	cache = actor_cache_new(64, 1 << 20, ACTOR_OFF);
	a = check_actor(c.pid, 0, "", "");
	b = get(getpid());
	ck_assert_ptr_eq(a, b);
	ck_assert_str_eq(a->exe, "");
	ck_assert_str_eq(a->username, "root");
	ck_assert_uint_eq(a->start_time, 0);
	ck_assert_int_eq(a->ppid, 0);
	actor_unref(a);
	actor_unref(b);
	child_end(&c);
}
END_TEST

START_TEST(kernel_and_gone)
{
	struct actor *a = get(0), *b = get(0);
	struct child c = child_start("x");
	ck_assert_ptr_eq(a, b);
	ck_assert_str_eq(a->comm, "kernel");
	ck_assert_int_eq(a->pid, 0);
	ck_assert_uint_eq(a->marks, 0);
	actor_unref(a);
	actor_unref(b);
	actor_unref(get(c.pid));
	child_end(&c);
	a = get(c.pid);
	ck_assert_int_eq(a->pid, c.pid);
	ck_assert_uint_eq(a->start_time, 0);
	ck_assert_str_eq(a->comm, "");
	ck_assert_str_eq(a->exe, "");
	ck_assert_str_eq(a->cmdline, "");
	ck_assert_uint_eq(a->marks, ACTOR_INCOMPLETE);
	actor_unref(a);
}
END_TEST

/* The same program with arguments of the same size: only the layout of its memory tells. */
START_TEST(exec_is_seen)
{
	struct child c = child_start("0000");
	char tag[5], cmdline[64];
	int i;
	for (i = 0; i < 100; i++) {
		struct actor *a;
		snprintf(cmdline, sizeof(cmdline), "test_actor child %04d", i);
		a = check_actor(c.pid, c.pid, "exe", cmdline);
		ck_assert_uint_eq(a->id, 0);
		a->id = 1;
		actor_unref(a);
		snprintf(tag, sizeof(tag), "%04d", i + 1);
		ck_assert_int_eq(child_do(&c, 'e', tag), c.pid);
	}
	child_end(&c);
}
END_TEST

START_TEST(exec_is_seen_without_randomisation)
{
	struct child c = child_start("aaaa");
	child_do(&c, 'p', "");
	child_do(&c, 'e', "bbbb");
	actor_unref(check_actor(c.pid, c.pid, "exe", "test_actor child bbbb"));
	child_do(&c, 'e', "cccc");
	actor_unref(check_actor(c.pid, c.pid, "exe", "test_actor child cccc"));
	child_do(&c, 'e', "dddd");
	actor_unref(check_actor(c.pid, c.pid, "exe", "test_actor child dddd"));
	child_end(&c);
}
END_TEST

START_TEST(exec_is_seen_without_privileges)
{
	struct child c = child_start("aaaa");
	struct actor *a;
	if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		ck_abort_msg("cannot become nobody");
	a = check_actor(c.pid, c.pid, "exe", "test_actor child aaaa");
	actor_unref(a);
	child_do(&c, 'e', "bbbb");
	a = check_actor(c.pid, c.pid, "exe", "test_actor child bbbb");
	actor_unref(a);
	close(c.fd);
}
END_TEST

/* In the memory of its parent, which lives on when it runs another program. */
START_TEST(exec_after_vfork_is_seen)
{
	struct child c = child_start("parent");
	struct command exec = {.what = 'e', .arg = "second"};
	pid_t pid = child_do(&c, 'v', "");
	actor_unref(check_actor(pid, pid, "exe", "test_actor child parent"));
	ck_assert_int_eq(write(c.fd, &exec, sizeof(exec)), sizeof(exec));
	ck_assert_int_eq(child_says(&c), pid);
	actor_unref(check_actor(pid, pid, "exe", "test_actor child second"));
	kill(pid, SIGKILL);
	child_end(&c);
}
END_TEST

/* Returns how many bytes this process has read. */
static unsigned long bytes_read(void)
{
	char buf[512];
	unsigned long bytes;
	long n = proc_read(0, "io", buf, sizeof(buf) - 1);
	ck_assert_int_gt(n, 0);
	buf[n] = 0;
	ck_assert_int_eq(sscanf(buf, "rchar: %lu", &bytes), 1);
	return bytes;
}

/* A process that goes on asking is known by its name and memory, not by a line of 300 numbers. */
START_TEST(often_asked_reads_little)
{
	enum { ASKS = 1000 };
	struct child c = child_start("x");
	unsigned long before;
	actor_unref(check_actor(c.pid, c.pid, "exe", "test_actor child x"));
	before = bytes_read();
	for (int i = 0; i < ASKS; i++)
		actor_unref(get(c.pid));
	ck_assert_uint_lt((bytes_read() - before) / ASKS, 20);
	child_end(&c);
}
END_TEST

START_TEST(name_change_is_seen)
{
	struct child c = child_start("x");
	struct actor *a = check_actor(c.pid, c.pid, "exe", "test_actor child x"), *b;
	child_do(&c, 'n', "a) R 1 (b");
	b = check_actor(c.pid, c.pid, "a) R 1 (b", "test_actor child x");
	ck_assert_ptr_ne(a, b);
	actor_unref(a);
	actor_unref(b);
	child_do(&c, 'n', "n\xc3\xa5\xff\n");
	actor_unref(check_actor(c.pid, c.pid, "n\xc3\xa5\\xFF\\x0A", "test_actor child x"));
	child_end(&c);
}
END_TEST

START_TEST(threads_are_their_process)
{
	struct child c = child_start("x");
	struct actor *a, *b;
	pid_t tid = child_do(&c, 't', ""), tid2 = child_do(&c, 't', "");
	ck_assert_int_ne(tid, c.pid);
	a = check_actor(tid, c.pid, "exe", "test_actor child x");
	b = get(c.pid);
	ck_assert_ptr_eq(a, b);
	actor_unref(b);
	b = get(tid2);
	ck_assert_ptr_eq(a, b);
	actor_unref(b);
	actor_unref(a);
	/* The main thread's name and program change behind the cached thread. */
	child_do(&c, 'n', "renamed");
	actor_unref(check_actor(tid, c.pid, "renamed", "test_actor child x"));
	child_do(&c, 'e', "y");
	a = get(tid);
	ck_assert_int_eq(a->pid, tid); /* gone */
	ck_assert_str_eq(a->comm, "");
	actor_unref(a);
	actor_unref(check_actor(c.pid, c.pid, "exe", "test_actor child y"));
	/* A thread that execs becomes the main thread. */
	ck_assert_int_eq(child_do(&c, 'x', "z"), c.pid);
	actor_unref(check_actor(c.pid, c.pid, "exe", "test_actor child z"));
	child_end(&c);
}
END_TEST

START_TEST(reused_pid_is_seen)
{
	struct child old = child_start("old"), new, other;
	struct actor *a = check_actor(old.pid, old.pid, "exe", "test_actor child old");
	char wanted[15];
	child_end(&old);
	new = child_start_as("new", old.pid);
	if (new.pid > 0) { /* else without the privilege to choose a pid */
		actor_unref(check_actor(old.pid, old.pid, "exe", "test_actor child new"));
		child_end(&new);
	}
	other = child_start("other");
	snprintf(wanted, sizeof(wanted), "%d", old.pid);
	if (child_do(&other, 'T', wanted) == old.pid)
		actor_unref(check_actor(old.pid, other.pid, "exe", "test_actor child other"));
	else
		fprintf(stderr, "reused_pid_is_seen: no thread with the old pid: half untested\n");
	ck_assert_str_eq(a->cmdline, "test_actor child old");
	actor_unref(a);
	child_end(&other);
}
END_TEST

START_TEST(many_short_lived)
{
	int i;
	for (i = 0; i < 1000; i++) {
		int up[2], down[2];
		char name[32], byte;
		struct actor *a;
		pid_t pid;
		ck_assert_int_eq(pipe(up) | pipe(down), 0);
		snprintf(name, sizeof(name), "child %d", i);
		pid = fork();
		if (pid == 0) {
			prctl(PR_SET_NAME, name);
			close(down[1]);
			if (write(up[1], "", 1) == 1 && read(down[0], &byte, 1) >= 0)
				_exit(0);
			_exit(1);
		}
		ck_assert_int_eq(read(up[0], &byte, 1), 1);
		a = get(pid);
		ck_assert_int_eq(a->pid, pid);
		ck_assert_int_eq(a->ppid, getpid());
		ck_assert_str_eq(a->comm, name);
		ck_assert_str_eq(a->exe, self_exe);
		actor_unref(a);
		close(up[0]);
		close(up[1]);
		close(down[0]);
		close(down[1]);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	}
}
END_TEST

static void *hammer(void *arg)
{
	const struct child *children = arg;
	int i;
	for (i = 1; i <= 1500; i++) {
		const struct child *c = &children[i * 7 % 12];
		struct actor *a = actor_get(cache, c->pid, 0, 0);
		if (!a || a->pid != c->pid || strcmp(a->comm, "exe") != 0)
			return (void *)(intptr_t)i;
		actor_unref(a);
	}
	return NULL;
}

/* More processes than the cache holds, from several threads. */
START_TEST(concurrent)
{
	struct child children[12];
	pthread_t threads[4];
	int i;
	actor_cache_free(cache);
	cache = actor_cache_new(8, 1 << 20, ACTOR_FULL);
	for (i = 0; i < 12; i++)
		children[i] = child_start("x");
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, hammer, children), 0);
	for (i = 0; i < 4; i++) {
		void *wrong;
		pthread_join(threads[i], &wrong);
		ck_assert_ptr_null(wrong);
	}
	for (i = 0; i < 12; i++)
		child_end(&children[i]);
}
END_TEST

/* The same process for many users is many actors; fewer are kept than there is room for. */
START_TEST(bytes)
{
	struct budget b;

	actor_cache_free(cache);
	cache = actor_cache_new(512, 1 << 15, ACTOR_FULL);
	for (uint32_t uid = 0; uid < 200; uid++) {
		actor_unref(actor_get(cache, getpid(), uid, 0));
		b = actor_cache_budget(cache);
		ck_assert_uint_gt(b.used, 0);
		ck_assert_uint_le(b.used, b.limit);
	}
	ck_assert_uint_gt(b.used, b.limit / 2);
}
END_TEST

/* Nobody waits for these, as when the process's memory is locked: nothing may leak or be freed
 * twice. */
START_TEST(abandoned_reads)
{
	struct facts_reader *reader = facts_reader_new(64);
	int i, fd = open("/proc/self", O_PATH | O_DIRECTORY);
	ck_assert_ptr_nonnull(reader);
	for (i = 0; i < 500; i++) {
		struct facts facts;
		unsigned int wanted = FACT_USER | FACT_CGROUP | FACT_KIN | FACT_CMDLINE | FACT_RUN;
		struct facts_job *job = facts_start(reader, fd, 0, wanted);
		ck_assert_ptr_nonnull(job);
		if (facts_wait(reader, job, i % 2 * 1000, &facts))
			ck_assert_ptr_nonnull(facts.cmdline);
		else
			ck_assert_int_eq(i % 2, 0);
		facts_release(&facts);
	}
	close(fd);
	facts_reader_free(reader);
}
END_TEST

START_TEST(host_names)
{
	struct host host;
	struct error err;
	ck_assert_msg(host_read(&host, &err), "%s", err.text);
	ck_assert_uint_eq(strlen(host.boot_id), 36);
	ck_assert_uint_gt(strlen(host.name), 0);
}
END_TEST

static uint64_t start_time_of(pid_t pid)
{
	struct proc_stat st;

	ck_assert(proc_read_stat(pid, &st));
	return st.start_time;
}

/* The same, whether its namespace is known or it has to be searched for. */
START_TEST(process_is_sought)
{
	uint64_t namespaces[] = {ns_read().pid, 0};
	const enum process_seen none = ns_sees_host() ? PROCESS_GONE : PROCESS_HIDDEN;

	for (int i = 0; i < 2; i++) {
		struct child c = child_start("sought");
		struct process_id id = {c.pid, namespaces[i], start_time_of(c.pid)}, other = id;
		pid_t here = 0, nowhere = 0;

		ck_assert_int_eq(process_seek(&id, &here), PROCESS_THERE);
		ck_assert_int_eq(here, c.pid);
		other.start_time++;
		ck_assert_int_eq(process_seek(&other, &nowhere), i ? none : PROCESS_GONE);
		kill(c.pid, SIGKILL);
		/* Its parent does not know yet. */
		waitid(P_PID, (id_t)c.pid, NULL, WEXITED | WNOWAIT);
		ck_assert_int_eq(process_seek(&id, &here), PROCESS_GONE);
		child_end(&c);
		ck_assert_int_eq(process_seek(&id, &here), PROCESS_GONE);
		here = 0;
		ck_assert_int_eq(process_seek(&id, &here), i ? none : PROCESS_GONE);
	}
}
END_TEST

int main(int argc, char **argv)
{
	TCase *tc = tcase_create("actor");
	Suite *suite = suite_create("actor");
	SRunner *runner;
	int failed;

	if (argc == 3 && strcmp(argv[1], "child") == 0)
		return child_main();
	if (readlink("/proc/self/exe", self_exe, sizeof(self_exe) - 1) < 0)
		return EXIT_FAILURE;
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, fields);
	tcase_add_test(tc, runs);
	tcase_add_test(tc, details);
	tcase_add_test(tc, kernel_and_gone);
	tcase_add_test(tc, exec_is_seen);
	tcase_add_test(tc, exec_is_seen_without_randomisation);
	tcase_add_test(tc, exec_is_seen_without_privileges);
	tcase_add_test(tc, exec_after_vfork_is_seen);
	tcase_add_test(tc, often_asked_reads_little);
	tcase_add_test(tc, name_change_is_seen);
	tcase_add_test(tc, threads_are_their_process);
	tcase_add_test(tc, reused_pid_is_seen);
	tcase_add_test(tc, many_short_lived);
	tcase_add_test(tc, concurrent);
	tcase_add_test(tc, bytes);
	tcase_add_test(tc, abandoned_reads);
	tcase_add_test(tc, host_names);
	tcase_add_test(tc, process_is_sought);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
