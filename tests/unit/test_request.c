#include <errno.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "request/request_impl.h"
#include "suite.h"

/* In place of libfuse's: there is no request of its to free. */
void fuse_reply_none(fuse_req_t req)
{
}

/* A transport of pipes: requests are bytes that are begun, replies are read from a pipe. */
struct bench {
	struct requests *rs;
	pthread_t server;
	struct request_port port;
	int out[2];
	int runs; /* of dispatch */
	void (*operation)(struct bench *b, char *bytes, size_t len);
	struct request *waiting;
	int error; /* what the last run was told */
	size_t bytes_seen;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

static struct bench bench;

static void answer(struct request_port *port, uint64_t unique, int error)
{
	struct fuse_out_header out = {.len = sizeof(out), .error = -error, .unique = unique};

	ck_assert_int_eq(write(bench.out[1], &out, sizeof(out)), sizeof(out));
}

static void dispatch(void *arg, char *bytes, size_t len)
{
	struct bench *b = arg;

	b->operation(b, bytes, len);
	pthread_mutex_lock(&b->lock);
	b->runs++;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
}

static void *serve(void *arg)
{
	requests_serve(arg);
	return NULL;
}

static void set_up(void)
{
	struct error err;

	bench = (struct bench){0};
	pthread_mutex_init(&bench.lock, NULL);
	pthread_cond_init(&bench.changed, NULL);
	ck_assert_int_eq(pipe(bench.out), 0);
	bench.port = (struct request_port){.answer = answer};
	bench.rs = requests_new(dispatch, &bench, &err);
	ck_assert_ptr_nonnull(bench.rs);
	ck_assert_int_eq(pthread_create(&bench.server, NULL, serve, bench.rs), 0);
}

static void tear_down(void)
{
	requests_stop(bench.rs);
	pthread_join(bench.server, NULL);
	requests_free(bench.rs);
	close(bench.out[0]);
	close(bench.out[1]);
}

static void wait_runs(int n)
{
	pthread_mutex_lock(&bench.lock);
	while (bench.runs < n)
		pthread_cond_wait(&bench.changed, &bench.lock);
	pthread_mutex_unlock(&bench.lock);
}

/* How many of the bytes after the name are as they were begun. */
static size_t whole_bytes(const char *bytes, size_t len)
{
	size_t n = 0, at = sizeof(struct fuse_in_header) + 5;

	while (at + n < len && bytes[at + n] == 'x')
		n++;
	return n;
}

/* Begins a request with "name" in inode 7, and with `extra` more bytes. */
static void begin_operation(uint32_t opcode, uint64_t unique, size_t extra)
{
	size_t len = sizeof(struct fuse_in_header) + 5 + extra;
	char *bytes = calloc(1, len);
	struct fuse_in_header *in = (void *)bytes;

	*in = (struct fuse_in_header){.len = (uint32_t)len,
		.opcode = opcode,
		.unique = unique,
		.nodeid = 7,
		.uid = 1000,
		.pid = 0};
	memcpy(in + 1, "name", 5);
	memset(bytes + sizeof(*in) + 5, 'x', extra);
	requests_begin(bench.rs, &bench.port, 0, bytes, len);
	/* It keeps what it needs. */
	memset(bytes, 0, len);
	free(bytes);
}

static void begin(uint64_t unique, size_t extra)
{
	begin_operation(FUSE_LOOKUP, unique, extra);
}

static void suspend_once(struct bench *b, char *bytes, size_t len)
{
	b->error = request_error();
	b->bytes_seen = whole_bytes(bytes, len);
	if (!request_waits())
		b->waiting = request_suspend(NULL, WAIT_NAME);
}

START_TEST(runs_again_when_woken)
{
	struct request_info info;

	bench.operation = suspend_once;
	begin(42, 100);
	ck_assert_uint_eq(request_list(bench.rs, &info, 1), 1);
	ck_assert_uint_eq(info.unique, 42);
	ck_assert_uint_eq(info.ino, 7);
	ck_assert_str_eq(info.name, "name");
	ck_assert_int_eq(info.state, REQUEST_WAITING);
	ck_assert_int_eq(info.wait, WAIT_NAME);
	request_wake(bench.waiting, ENOSPC);
	wait_runs(2);
	ck_assert_int_eq(bench.error, ENOSPC);
	ck_assert_uint_eq(bench.bytes_seen, 100);
	ck_assert_uint_eq(request_list(bench.rs, &info, 1), 0);
}
END_TEST

static void resume(void *arg, int error)
{
	struct bench *b = arg;

	b->error = error;
	if (error == EAGAIN)
		request_wait_again(b->waiting, WAIT_COMMIT, b);
	pthread_mutex_lock(&b->lock);
	b->runs++;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
}

static void keep(struct bench *b, char *bytes, size_t len)
{
	b->waiting = request_keep(NULL, WAIT_DATA, resume, b);
}

START_TEST(goes_on_and_waits_again)
{
	struct request_info info;

	bench.operation = keep;
	begin(1, 0);
	request_wake(bench.waiting, EAGAIN);
	wait_runs(2);
	ck_assert_uint_eq(request_list(bench.rs, &info, 1), 1);
	ck_assert_int_eq(info.wait, WAIT_COMMIT);
	request_wake(bench.waiting, 0);
	wait_runs(3);
	ck_assert_int_eq(bench.error, 0);
	ck_assert_uint_eq(request_list(bench.rs, &info, 1), 0);
}
END_TEST

/* Its process cannot be seen, so it ends after a while. */
START_TEST(ends_when_killed_and_is_dropped)
{
	struct fuse_out_header out;

	bench.operation = suspend_once;
	requests_signalled(bench.rs, 43); /* before it waits */
	begin(43, 1000);
	ck_assert_int_eq(read(bench.out[0], &out, sizeof(out)), sizeof(out));
	ck_assert_uint_eq(out.unique, 43);
	ck_assert_int_eq(out.error, -EINTR);
	/* The reply goes out before the bytes are let go. */
	while (requests_budget(bench.rs).used)
		usleep(1000);
	request_wake(bench.waiting, 0);
	/* What comes after it is run; it was not. */
	begin(44, 0);
	request_wake(bench.waiting, 0);
	wait_runs(3);
	ck_assert_int_eq(bench.runs, 3);
}
END_TEST

static struct request *many[200];
static int suspended, whole;

static void suspend_many(struct bench *b, char *bytes, size_t len)
{
	if (request_waits()) {
		whole += whole_bytes(bytes, len) >= 1000000;
		return;
	}
	many[suspended++] = request_suspend(NULL, WAIT_COMMIT);
}

START_TEST(writes_beyond_the_budget_are_in_a_file)
{
	bench.operation = suspend_many;
	suspended = whole = 0;
	for (int i = 0; i < 200; i++)
		begin(100 + (uint64_t)i, 1000000);
	ck_assert_uint_le(requests_budget(bench.rs).used, REQUEST_BUDGET_BYTES);
	ck_assert_uint_ge(requests_budget(bench.rs).used, REQUEST_BUDGET_BYTES / 2);
	for (int i = 0; i < 200; i++)
		request_wake(many[i], 0);
	wait_runs(400);
	ck_assert_int_eq(whole, 200);
}
END_TEST

static void expect_answer(uint64_t unique, int error)
{
	struct fuse_out_header out;

	ck_assert_int_eq(read(bench.out[0], &out, sizeof(out)), sizeof(out));
	ck_assert_uint_eq(out.unique, unique);
	ck_assert_int_eq(out.error, -error);
}

#define NEVER (INT64_C(1) << 60)

/* A release does not: nobody would do it later. */
START_TEST(fails_after_its_limit_and_is_dropped)
{
	struct request_info info[2];
	struct request *release;

	bench.operation = suspend_once;
	requests_set_limit(bench.rs, 1);
	begin_operation(FUSE_RELEASE, 50, 0);
	release = bench.waiting;
	begin(51, 1000);
	expect_answer(51, EIO);
	ck_assert_uint_eq(requests_expired(bench.rs).count, 1);
	ck_assert_uint_eq(request_list(bench.rs, info, 2), 2);
	ck_assert_int_eq(info[0].state, REQUEST_WAITING);
	ck_assert_int_eq(info[1].state, REQUEST_INTERRUPTED);
	request_wake(bench.waiting, 0);
	request_wake(release, 0);
	wait_runs(3);
	ck_assert_int_eq(bench.runs, 3);
}
END_TEST

/* After one has waited for all of the limit in vain, others are not given it anew, until one is
 * answered. */
START_TEST(silence_is_waited_for_once)
{
	struct request_info info;
	struct request *first;

	bench.operation = suspend_once;
	requests_set_limit(bench.rs, 1);
	begin(60, 0);
	first = bench.waiting;
	expect_answer(60, EIO);
	requests_set_limit(bench.rs, NEVER);
	begin(61, 0);
	expect_answer(61, EIO);
	request_wake(bench.waiting, 0);
	begin(62, 0);
	usleep(3 * LOOK_NS / 1000);
	ck_assert_uint_ge(request_list(bench.rs, &info, 1), 1);
	ck_assert_uint_eq(requests_expired(bench.rs).count, 2);
	request_wake(bench.waiting, 0);
	request_wake(first, 0);
}
END_TEST

/* Each pair of states that is no transition ends the program. */
START_TEST(other_transitions_abort)
{
	static const bool allowed[REQUEST_STATES][REQUEST_STATES] = {
		[REQUEST_RUNNING] = {[REQUEST_WAITING] = true, [REQUEST_DONE] = true},
		[REQUEST_WAITING] = {[REQUEST_READY] = true, [REQUEST_INTERRUPTED] = true},
		[REQUEST_READY] = {[REQUEST_RUNNING] = true, [REQUEST_INTERRUPTED] = true},
		[REQUEST_INTERRUPTED] = {[REQUEST_DONE] = true},
	};

	for (int from = 0; from < REQUEST_STATES; from++)
		for (int to = 0; to < REQUEST_STATES; to++) {
			int status;
			pid_t pid = fork();

			if (pid == 0) {
				struct request r = {.info.state = (enum request_state)from};

				request_move(&r, (enum request_state)to);
				_exit(0);
			}
			ck_assert_int_eq(waitpid(pid, &status, 0), pid);
			ck_assert_msg(WIFEXITED(status) == allowed[from][to], "from %s to %s",
				request_state_name((enum request_state)from),
				request_state_name((enum request_state)to));
		}
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, runs_again_when_woken);
	tcase_add_test(tc, goes_on_and_waits_again);
	tcase_add_test(tc, ends_when_killed_and_is_dropped);
	tcase_add_test(tc, writes_beyond_the_budget_are_in_a_file);
	tcase_add_test(tc, fails_after_its_limit_and_is_dropped);
	tcase_add_test(tc, silence_is_waited_for_once);
	tcase_add_test(tc, other_transitions_abort);
}

int main(void)
{
	return suite_main("request", add_tests);
}
