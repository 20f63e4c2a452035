/*
 * Operations, the drain, a replay and the reader on the database in memory, with neither kernel nor
 * server, and a fault at each named point in turn: after each, everything acknowledged is in the
 * database exactly once, in order, and nothing else.
 */
#include <sched.h>

#include "db/reader.h"
#include "engine.h"
#include "kernel.h"
#include "wreck.h"

#ifdef THULE_FAULTS

/* Works, with commits and flushes in between, sessions that end and a server that crashes, so that
 * the drain passes its points often. */
static void work(struct engine *e)
{
	engine_create(e, "a");
	engine_write(e, "a", 0, "one");
	engine_sync(e);
	engine_create(e, "b");
	engine_write(e, "a", 3, "two");
	engine_write(e, "b", 0, "three");
	engine_sync(e);
	memory_end_sessions(e->database);
	engine_write(e, "a", 1, "XX");
	engine_commit(e);
	engine_rename(e, "b", "c");
	engine_commit(e);
	memory_crash(e->database);
	engine_create(e, "d");
	engine_commit(e);
	engine_unlink(e, "d");
	engine_rename(e, "a", "c");
	memory_end_sessions(e->database);
	engine_sync(e);
	engine_write(e, "c", 6, "four");
	engine_create(e, "e");
	memory_end_sessions(e->database);
	engine_sync(e);
	engine_write(e, "e", 0, "five");
}

START_TEST(operations)
{
	struct engine *e = engine_start();

	work(e);
	engine_stop(e);
	engine_verify(e->database, e->mount, &e->model);
	engine_free(e);
}
END_TEST

/* What is acknowledged while the drain cannot commit is there when it can. */
START_TEST(operations_while_the_drain_stands)
{
	struct engine *e = engine_start();

	engine_create(e, "a");
	fault_set(FAULT_BATCH_SEND, FAULT_STOP, 1);
	engine_write(e, "a", 0, "one");
	fault_wait_stopped(FAULT_BATCH_SEND);
	for (int i = 0; i < 100; i++)
		engine_write(e, "a", (size_t)i, "z");
	ck_assert_int_le(memory_count(e->database, MEMORY_OP), 1);
	fault_let_go(FAULT_BATCH_SEND);
	engine_sync(e);
	engine_verify(e->database, e->mount, &e->model);
	engine_free(e);
}
END_TEST

static void *flush_main(void *arg)
{
	journal_wait_flushed(((struct engine *)arg)->journal);
	return NULL;
}

/* A flush of nothing is refused, as by a server whose disk is full, which goes down then: there is
 * nothing left to be sent, and files can grow again. */
START_TEST(a_full_disk_and_a_lost_session)
{
	struct engine *e = engine_start();
	enum journal_room room = JOURNAL_FULL;
	pthread_t thread;

	engine_create(e, "a");
	engine_sync(e);
	fault_set(FAULT_BATCH_REFUSE, FAULT_FAIL, 1);
	ck_assert_int_eq(pthread_create(&thread, NULL, flush_main, e), 0);
	while (!fault_passed(FAULT_BATCH_REFUSE))
		sched_yield();
	memory_end_sessions(e->database);
	pthread_join(thread, NULL);
	while (room != JOURNAL_ROOM) {
		pthread_mutex_lock(&e->lock);
		room = journal_room(e->journal, 1, JOURNAL_GROW);
		pthread_mutex_unlock(&e->lock);
	}
	engine_verify(e->database, e->mount, &e->model);
	engine_free(e);
}
END_TEST

/* The same work by the operations of fs/op, as a kernel asks for it. */
static void work_by_requests(struct kernel *k)
{
	uint64_t a, b, d, e;

	a = kernel_create(k, "a");
	kernel_write(k, "a", a, 0, "one");
	kernel_fsync(k, "a", a);
	kernel_miss(k, "nobody");
	kernel_stale(k);
	kernel_read_file(k, "a", a);
	b = kernel_create(k, "b");
	kernel_write(k, "a", a, 3, "two");
	kernel_write(k, "b", b, 0, "three");
	kernel_fsync(k, "b", b);
	kernel_read_file(k, "b", b);
	memory_end_sessions(k->engine->database);
	kernel_read_file(k, "b", b);
	kernel_write(k, "a", a, 1, "XX");
	kernel_read_file(k, "a", a);
	kernel_rename(k, "b", "c");
	kernel_fsync(k, "c", b);
	d = kernel_create(k, "d");
	kernel_fsync(k, "d", d);
	kernel_unlink(k, "d");
	memory_crash(k->engine->database);
	kernel_rename(k, "a", "c");
	kernel_fsync(k, "c", a);
	kernel_miss(k, "nobody else");
	kernel_stale(k);
	kernel_read_file(k, "c", a);
	kernel_write(k, "c", a, 6, "four");
	e = kernel_create(k, "e");
	memory_end_sessions(k->engine->database);
	kernel_miss(k, "still nobody");
	kernel_stale(k);
	kernel_write(k, "e", e, 0, "five");
	kernel_fsync(k, "e", e);
}

START_TEST(requests)
{
	struct kernel *k = kernel_start();
	struct engine *e;

	work_by_requests(k);
	e = kernel_stop(k);
	engine_verify(e->database, e->mount, &e->model);
	engine_free(e);
}
END_TEST

/* Each request has one reply, whatever happens below it. */
static void fail_requests(enum fault_point p, enum fault_action action, int n)
{
	struct kernel *k = kernel_start();
	struct engine *e;

	fault_reset();
	fault_set(p, action, n);
	work_by_requests(k);
	e = kernel_stop(k);
	ck_assert_msg(fault_passed(p) >= n, "requests pass %s only %d times", fault_name(p),
		fault_passed(p));
	engine_verify(e->database, e->mount, &e->model);
	engine_free(e);
}

/* A bad n-th time, and whatever happens, the work ends and is there. */
static void fail_drain(enum fault_point p, enum fault_action action, int n)
{
	struct engine *e = engine_start();

	fault_reset();
	fault_set(p, action, n);
	work(e);
	engine_stop(e);
	ck_assert_msg(fault_passed(p) >= n, "the drain passes %s only %d times", fault_name(p),
		fault_passed(p));
	engine_verify(e->database, e->mount, &e->model);
	engine_free(e);
}

static void *work_main(void *arg)
{
	work(arg);
	return NULL;
}

/* The drain holds the lock where it releases the ring. */
static bool drain_locks(enum fault_point p)
{
	return p == FAULT_RING_RELEASE || p == FAULT_RING_TAIL;
}

/* The daemon is killed at the point: what it leaves is replayed, on a server that kept all it had
 * committed, and on one that crashed. The daemon that was not killed goes on. */
static void kill_drain(enum fault_point p, int n)
{
	struct engine *e = engine_start();
	struct wreck killed, crashed;
	pthread_t thread;

	fault_reset();
	fault_set(p, FAULT_STOP, n);
	ck_assert_int_eq(pthread_create(&thread, NULL, work_main, e), 0);
	fault_wait_stopped(p);
	if (!drain_locks(p))
		pthread_mutex_lock(&e->lock);
	killed = engine_wreck(e, "killed", false);
	crashed = engine_wreck(e, "crashed", true);
	if (!drain_locks(p))
		pthread_mutex_unlock(&e->lock);
	fault_let_go(p);
	pthread_join(thread, NULL);
	engine_stop(e);
	engine_verify(e->database, e->mount, &e->model);
	engine_free(e);
	wreck_verify(&killed, "killed");
	wreck_verify(&crashed, "crashed");
}

/* Leaves work in a journal that no batch was made of. */
static struct wreck leave(struct engine *e, bool committed)
{
	enum fault_point at = committed ? FAULT_BATCH_ANSWER : FAULT_BATCH_SEND;
	struct wreck w;

	engine_create(e, "a");
	engine_sync(e);
	fault_reset();
	fault_set(at, FAULT_STOP, 1);
	engine_write(e, "a", 0, "one");
	engine_create(e, "b");
	fault_wait_stopped(at);
	engine_write(e, "b", 0, "two");
	pthread_mutex_lock(&e->lock);
	w = engine_wreck(e, "left", false);
	pthread_mutex_unlock(&e->lock);
	fault_let_go(at);
	return w;
}

/* The point fails in a replay, of what was never committed and of what was without its answer; the
 * next replay does the rest. */
static void fail_replay(enum fault_point p, enum fault_action action)
{
	for (int committed = 0; committed < 2; committed++) {
		struct engine *e = engine_start();
		struct wreck w = leave(e, committed);

		engine_stop(e);
		fault_reset();
		fault_set(p, action, 1);
		wreck_verify(&w, "left");
		engine_free(e);
	}
}

static void drain_point(enum fault_point p)
{
	for (int n = 1; n <= 3; n++) {
		fail_drain(p, FAULT_FAIL, n);
		fail_drain(p, FAULT_LOSE, n);
		fail_requests(p, FAULT_FAIL, n);
		fail_requests(p, FAULT_LOSE, n);
		kill_drain(p, n);
	}
	fail_replay(p, FAULT_FAIL);
	fail_replay(p, FAULT_LOSE);
}

/* An operation is killed before or after its record is in the ring: the op is there whole, or not
 * at all. */
static void append_point(enum fault_point p)
{
	for (int n = 1; n <= 4; n++) {
		struct engine *e = engine_start();
		struct wreck w;
		struct error err;
		pthread_t thread;
		char path[256];

		fault_reset();
		fault_set(p, FAULT_STOP, n);
		ck_assert_int_eq(pthread_create(&thread, NULL, work_main, e), 0);
		fault_wait_stopped(p);
		w = engine_wreck(e, "killed", false);
		fault_let_go(p);
		pthread_join(thread, NULL);
		engine_stop(e);
		engine_free(e);
		check_ok(wreck_replay(&w, "killed", &err), &err);
		ck_assert_int_eq(
			memory_count(w.database, MEMORY_OP), p == FAULT_RING_APPENDED ? n : n - 1);
		engine_path("killed", path);
		ck_assert_int_ne(access(path, F_OK), 0);
		database_free(w.database);
	}
}

/* Only a mount passes it: tests/crash, tests/mount/keeper-replies.py. */
static void mount_point(enum fault_point p)
{
}

static void replay_point(enum fault_point p)
{
	struct engine *e = engine_start();
	struct wreck w = leave(e, false);
	struct error err;

	engine_stop(e);
	engine_free(e);
	fault_set(p, FAULT_FAIL, 1);
	ck_assert(!wreck_replay(&w, "left", &err));
	ck_assert_int_eq(err.class, ERR_UNREACHABLE);
	wreck_verify(&w, "left");
	fail_replay(p, FAULT_FAIL);
}

/* --- the reader --- */

struct question {
	struct engine *engine;
	int64_t ino;
	int answers;
	bool right;
};

static void answered(struct reader_query *q, PGresult *res, const struct error *err)
{
	struct question *a = q->arg;

	pthread_mutex_lock(&a->engine->lock);
	a->answers++;
	a->right = res && PQntuples(res) == 1 && row_int(res, 0, 0) == a->ino;
	pthread_cond_broadcast(&a->engine->called);
	pthread_mutex_unlock(&a->engine->lock);
	PQclear(res);
	free(q);
}

static void ignore_session(void *arg)
{
}

#define QUESTIONS 20

/* Asks for two inodes by turns, so that an answer to another question shows. */
static void ask_all(struct engine *e, struct reader *r, struct question *questions)
{
	for (int i = 0; i < QUESTIONS; i++) {
		struct reader_query *q = reader_query_new(STMT_READ_INODE, answered, &questions[i]);

		questions[i] = (struct question){.engine = e, .ino = 1 + i % 2};
		reader_query_int(q, questions[i].ino);
		reader_submit(r, q);
		if (i == QUESTIONS / 2)
			memory_end_sessions(e->database);
	}
}

/* Each question has one answer, which is its own. */
static void check_answers(struct engine *e, const struct question *questions)
{
	pthread_mutex_lock(&e->lock);
	for (int i = 0; i < QUESTIONS; i++)
		while (!questions[i].answers)
			pthread_cond_wait(&e->called, &e->lock);
	pthread_mutex_unlock(&e->lock);
}

static void fail_reader(enum fault_point p, enum fault_action action, int n)
{
	struct question questions[QUESTIONS];
	struct engine *e = engine_start();
	struct reader_config reading;
	struct reader *r;
	struct error err;

	engine_create(e, "a");
	engine_sync(e);
	reading = (struct reader_config){.database = e->database,
		.application = "unit",
		.statements = reader_present,
		.reconnected = ignore_session};
	r = reader_start(&reading, &err);
	check_ok(r != NULL, &err);
	fault_reset();
	fault_set(p, action, n);
	ask_all(e, r, questions);
	if (action == FAULT_STOP) {
		fault_wait_stopped(p);
		memory_end_sessions(e->database);
		fault_let_go(p);
	}
	check_answers(e, questions);
	ck_assert_int_ge(fault_passed(p), n);
	reader_stop(r);
	for (int i = 0; i < QUESTIONS; i++) {
		ck_assert_int_eq(questions[i].answers, 1);
		ck_assert(questions[i].right);
	}
	engine_free(e);
}

static void reader_point(enum fault_point p)
{
	int times = p == FAULT_READER_OPEN ? 1 : 3;

	for (int n = 1; n <= times; n++) {
		fail_reader(p, FAULT_FAIL, n);
		fail_requests(p, FAULT_FAIL, n);
		fail_reader(p, FAULT_STOP, n);
	}
}

/* --- each point of fs/base/fault.h --- */

static void (*const cases[FAULT_COUNT])(enum fault_point p) = {
	[FAULT_RING_APPEND] = append_point,
	[FAULT_RING_APPENDED] = append_point,
	[FAULT_SESSION_OPEN] = drain_point,
	[FAULT_SESSION_PROGRESS] = drain_point,
	[FAULT_BATCH_FILL] = drain_point,
	[FAULT_BATCH_SEND] = drain_point,
	[FAULT_BATCH_REFUSE] = drain_point,
	[FAULT_BATCH_ROWS] = drain_point,
	[FAULT_BATCH_COPY] = drain_point,
	[FAULT_BATCH_COMMIT] = drain_point,
	[FAULT_BATCH_SENT] = drain_point,
	[FAULT_BATCH_FLUSH] = drain_point,
	[FAULT_BATCH_ANSWER] = drain_point,
	[FAULT_RING_RELEASE] = drain_point,
	[FAULT_RING_TAIL] = drain_point,
	[FAULT_BATCH_TELL] = drain_point,
	[FAULT_REPLAY_BATCH] = replay_point,
	[FAULT_REPLAY_RELEASE] = replay_point,
	[FAULT_REPLAY_END] = mount_point,
	[FAULT_KEPT_TAKE] = mount_point,
	[FAULT_KEPT_RESUME] = mount_point,
	[FAULT_KEPT_HANDLES] = mount_point,
	[FAULT_KEPT_INIT] = mount_point,
	[FAULT_KEPT_RESEND] = mount_point,
	[FAULT_KEPT_SERVE] = mount_point,
	[FAULT_KEPT_OP] = mount_point,
	[FAULT_KEPT_OPEN] = mount_point,
	[FAULT_DEV_READ] = mount_point,
	[FAULT_DEV_REPLY] = mount_point,
	[FAULT_DEV_REPLIED] = mount_point,
	[FAULT_READER_OPEN] = reader_point,
	[FAULT_READER_ASK] = reader_point,
	[FAULT_READER_ANSWER] = reader_point,
};

START_TEST(fault_point)
{
	ck_assert_ptr_nonnull(fault_name((enum fault_point)_i));
	ck_assert_msg(cases[_i] != NULL, "the fault point %s has no case here",
		fault_name((enum fault_point)_i));
	cases[_i]((enum fault_point)_i);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, operations);
	tcase_add_test(tc, requests);
	tcase_add_test(tc, operations_while_the_drain_stands);
	tcase_add_test(tc, a_full_disk_and_a_lost_session);
	tcase_add_loop_test(tc, fault_point, 0, FAULT_COUNT);
}

int main(void)
{
	return suite_main("engine", add_tests);
}

#else

/* A build without fault points has nothing to fail at. */
int main(void)
{
	return 77;
}

#endif
