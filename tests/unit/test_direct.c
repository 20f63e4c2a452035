/*
 * The session of a question that is alone, on the database in memory: whatever becomes of the
 * session, the server or the lease, each question has one answer, which is its own.
 */
#include "db/direct.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "engine.h"

#define INO 7

/* Twice as long as a question is waited for. */
#define LATE_MS 6

struct desk {
	struct database *database;
	struct reader *reader;
	struct direct *direct;
	atomic_int sessions; /* that took the place of others */
};

/* A question, and what done() was told. */
struct question {
	pthread_mutex_t lock;
	pthread_cond_t called;
	int answers;
	bool failed;
	int rows;
};

static void done(struct reader_query *q, PGresult *res, const struct error *err)
{
	struct question *a = q->arg;

	pthread_mutex_lock(&a->lock);
	a->answers++;
	a->failed = err != NULL;
	a->rows = res ? PQntuples(res) : -1;
	pthread_cond_broadcast(&a->called);
	pthread_mutex_unlock(&a->lock);
	PQclear(res);
	free(q);
}

static struct reader_query *question(struct question *a, enum stmt stmt)
{
	struct reader_query *q = reader_query_new(stmt, done, a);

	*a = (struct question){
		.lock = PTHREAD_MUTEX_INITIALIZER, .called = PTHREAD_COND_INITIALIZER};
	reader_query_int(q, INO);
	reader_query_int(q, 0);
	reader_query_int(q, 1 << 20);
	return q;
}

/* Waits for the one call of done(). */
static void await(struct question *a)
{
	pthread_mutex_lock(&a->lock);
	while (!a->answers)
		pthread_cond_wait(&a->called, &a->lock);
	ck_assert_int_eq(a->answers, 1);
	pthread_mutex_unlock(&a->lock);
}

static bool is_called(struct question *a)
{
	pthread_mutex_lock(&a->lock);
	bool called = a->answers;
	pthread_mutex_unlock(&a->lock);
	return called;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static void count_session(void *arg)
{
	atomic_fetch_add(&((struct desk *)arg)->sessions, 1);
}

static struct desk *open_desk(void)
{
	struct desk *d = calloc(1, sizeof(*d));
	struct reader_config config;
	struct error err;

	d->database = memory_new();
	config = (struct reader_config){.database = d->database,
		.application = "unit",
		.statements = reader_present,
		.reconnected = count_session,
		.arg = d};
	d->reader = reader_start(&config, &err);
	check_ok(d->reader != NULL, &err);
	d->direct = direct_start(&config, d->reader, &err);
	check_ok(d->direct != NULL, &err);
	return d;
}

static void close_desk(struct desk *d)
{
	direct_stop(d->direct);
	reader_stop(d->reader);
	database_free(d->database);
	fault_reset();
	free(d);
}

/* Asks until the session takes it: it is begun by the first question, and rests after a late one.
 */
static struct direct_asked *ask(struct desk *d, struct question *a, enum stmt stmt)
{
	struct reader_query *q = question(a, stmt);
	struct direct_asked *asked;

	while (!(asked = direct_ask(d->direct, q)))
		pause_ms(1);
	return asked;
}

/* The answer is taken by who asks. Returns how many rows it has. */
static int answer(struct direct_asked *asked)
{
	PGresult *res;
	int rows;

	ck_assert(direct_answer(asked, &res));
	rows = PQntuples(res);
	PQclear(res);
	return rows;
}

/* Asks, gets no answer, and leaves the question. */
static void leave(struct desk *d, struct question *a, enum stmt stmt)
{
	struct direct_asked *asked = ask(d, a, stmt);
	PGresult *res;

	ck_assert(!direct_answer(asked, &res));
	direct_leave(asked);
}

/* The session is usable, and no question has got two answers. */
static void check_works(struct desk *d)
{
	struct question a;
	struct reader_query *q = question(&a, STMT_READ_DATA);
	struct direct_asked *asked;

	while (!(asked = direct_ask(d->direct, q)))
		pause_ms(1);
	ck_assert_int_eq(answer(asked), 0);
	free(q);
	ck_assert(!is_called(&a));
}

START_TEST(an_answer_at_once)
{
	struct desk *d = open_desk();

	for (int i = 0; i < 3; i++)
		check_works(d);
	ck_assert_int_eq(atomic_load(&d->sessions), 1);
	close_desk(d);
}
END_TEST

START_TEST(without_a_session)
{
	struct question a;
	struct reader_query *q = question(&a, STMT_READ_DATA);

	ck_assert_ptr_null(direct_ask(NULL, q));
	direct_stop(NULL);
	free(q);
}
END_TEST

/* One question has the session at a time, also while its answer is late. */
START_TEST(two_at_once)
{
	struct desk *d = open_desk();
	struct question first, second;
	struct direct_asked *asked;
	struct reader_query *q;

	memory_set_pace(d->database, MEMORY_UNANSWERED);
	asked = ask(d, &first, STMT_READ_DATA);
	q = question(&second, STMT_READ_DATA);
	ck_assert_ptr_null(direct_ask(d->direct, q));
	direct_leave(asked);
	ck_assert_ptr_null(direct_ask(d->direct, q));
	memory_set_pace(d->database, MEMORY_PROMPT);
	await(&first);
	/* The server may still be slow. */
	ck_assert_ptr_null(direct_ask(d->direct, q));
	free(q);
	check_works(d);
	close_desk(d);
}
END_TEST

/* Who is not alone asks the reader. */
START_TEST(beside_the_reader)
{
	struct desk *d = open_desk();
	struct question other, own;
	struct reader_query *q = question(&own, STMT_READ_DATA);

	check_works(d);
	memory_set_pace(d->database, MEMORY_UNANSWERED);
	reader_submit(d->reader, question(&other, STMT_READ_DATA));
	ck_assert_ptr_null(direct_ask(d->direct, q));
	memory_set_pace(d->database, MEMORY_PROMPT);
	await(&other);
	free(q);
	check_works(d);
	close_desk(d);
}
END_TEST

/* What a server or a network that is slow leaves comes by callback. */
START_TEST(a_late_answer)
{
	struct desk *d = open_desk();
	struct question a;

	check_works(d);
	memory_set_pace(d->database, _i ? MEMORY_UNSENT : MEMORY_UNANSWERED);
	leave(d, &a, STMT_READ_DATA);
	pause_ms(LATE_MS);
	ck_assert(!is_called(&a));
	memory_set_pace(d->database, MEMORY_PROMPT);
	await(&a);
	ck_assert(!a.failed);
	ck_assert_int_eq(a.rows, 0);
	check_works(d);
	ck_assert_int_eq(atomic_load(&d->sessions), 1);
	close_desk(d);
}
END_TEST

/* Leaves a question for a late answer, which comes then. Returns how often it was refused before,
 * each time for a ms. */
static int refused_before_late(struct desk *d)
{
	struct question a;
	struct reader_query *q = question(&a, STMT_READ_DATA);
	struct direct_asked *asked;
	PGresult *res;
	int refused = 0;

	memory_set_pace(d->database, MEMORY_UNANSWERED);
	for (; !(asked = direct_ask(d->direct, q)); refused++)
		pause_ms(1);
	ck_assert(!direct_answer(asked, &res));
	direct_leave(asked);
	memory_set_pace(d->database, MEMORY_PROMPT);
	await(&a);
	return refused;
}

/* One late answer costs little; the more follow, the longer nothing is asked so. */
START_TEST(late_answers)
{
	struct desk *d = open_desk();
	int last = 0;

	check_works(d);
	ck_assert_int_eq(refused_before_late(d), 0);
	for (int i = 0; i < 7; i++)
		last = refused_before_late(d);
	ck_assert_int_gt(last, 8);
	check_works(d);
	ck_assert_int_eq(refused_before_late(d), 0);
	ck_assert_int_le(refused_before_late(d), 8);
	close_desk(d);
}
END_TEST

/* The session is lost while nobody asks, before the answer, and while that is late: the reader,
 * which has lost its own, gets the answer, and another session is begun. */
START_TEST(a_lost_session)
{
	struct desk *d = open_desk();
	struct direct_asked *asked;
	struct question a;
	PGresult *res;

	check_works(d);
	if (_i == 0) {
		memory_end_sessions(d->database);
		leave(d, &a, STMT_READ_DATA);
	} else {
		memory_set_pace(d->database, MEMORY_UNANSWERED);
		asked = ask(d, &a, STMT_READ_DATA);
		if (_i == 1)
			memory_end_sessions(d->database);
		ck_assert(!direct_answer(asked, &res));
		direct_leave(asked);
		if (_i == 2)
			memory_end_sessions(d->database);
		memory_set_pace(d->database, MEMORY_PROMPT);
	}
	await(&a);
	ck_assert(!a.failed);
	check_works(d);
	/* Of this one twice, of the reader once: each waits until the database has what it had. */
	ck_assert_int_eq(atomic_load(&d->sessions), 3);
	close_desk(d);
}
END_TEST

/* What the database refuses, the reader asks again, and says why. */
START_TEST(a_refused_question)
{
	struct desk *d = open_desk();
	struct question a;

	check_works(d);
	leave(d, &a, STMT_READ_FILES);
	await(&a);
	ck_assert(a.failed);
	check_works(d);
	ck_assert_int_eq(atomic_load(&d->sessions), 2);
	close_desk(d);
}
END_TEST

#ifdef THULE_FAULTS

/* Nobody waits for a session that is refused; it is tried again, but not at once. */
START_TEST(a_refused_session)
{
	struct desk *d = open_desk();
	struct question a;
	struct reader_query *q = question(&a, STMT_READ_DATA);
	int64_t begin = clock_mono_ns();

	fault_reset();
	fault_set(FAULT_READER_OPEN, FAULT_FAIL, 1);
	while (fault_passed(FAULT_READER_OPEN) < 1) {
		ck_assert_ptr_null(direct_ask(d->direct, q));
		pause_ms(1);
	}
	for (int i = 0; i < 20 && clock_mono_ns() - begin < 500000000; i++) {
		ck_assert_ptr_null(direct_ask(d->direct, q));
		pause_ms(1);
	}
	ck_assert_int_eq(fault_passed(FAULT_READER_OPEN), 1);
	free(q);
	check_works(d);
	ck_assert_int_eq(fault_passed(FAULT_READER_OPEN), 2);
	close_desk(d);
}
END_TEST

#endif

/* Without the lease nothing is asked, and what is under way gets an answer while it may. */
START_TEST(a_gate_that_is_held)
{
	struct desk *d = open_desk();
	struct question a, b;
	struct reader_query *q = question(&b, STMT_READ_DATA);

	check_works(d);
	memory_set_pace(d->database, MEMORY_UNANSWERED);
	leave(d, &a, STMT_READ_DATA);
	reader_set_gate(d->reader, READER_HELD);
	direct_set_gate(d->direct, READER_HELD);
	ck_assert_ptr_null(direct_ask(d->direct, q));
	/* With the session the answer is gone: it is asked for when the lease is there again. */
	if (_i)
		memory_end_sessions(d->database);
	memory_set_pace(d->database, MEMORY_PROMPT);
	if (_i) {
		pause_ms(LATE_MS);
		ck_assert(!is_called(&a));
	} else {
		await(&a);
	}
	ck_assert_ptr_null(direct_ask(d->direct, q));
	reader_set_gate(d->reader, READER_OPEN);
	direct_set_gate(d->direct, READER_OPEN);
	await(&a);
	ck_assert(!a.failed);
	free(q);
	check_works(d);
	close_desk(d);
}
END_TEST

/* The lease is gone for good: what waits fails, and so does what comes. */
START_TEST(a_gate_that_is_shut)
{
	struct desk *d = open_desk();
	struct question a, b;
	struct reader_query *q = question(&b, STMT_READ_DATA);

	check_works(d);
	memory_set_pace(d->database, MEMORY_UNANSWERED);
	leave(d, &a, STMT_READ_DATA);
	reader_set_gate(d->reader, READER_SHUT);
	direct_set_gate(d->direct, READER_SHUT);
	await(&a);
	ck_assert(a.failed);
	memory_set_pace(d->database, MEMORY_PROMPT);
	ck_assert_ptr_null(direct_ask(d->direct, q));
	reader_submit(d->reader, q);
	await(&b);
	ck_assert(b.failed);
	close_desk(d);
}
END_TEST

/* A question that nobody's thread waits for: one at a time, beside those of the reader. */
START_TEST(submitted)
{
	struct desk *d = open_desk();
	struct question busy, a, b;
	struct reader_query *q;

	check_works(d);
	memory_set_pace(d->database, MEMORY_UNANSWERED);
	reader_submit(d->reader, question(&busy, STMT_READ_DATA));
	ck_assert(direct_submit(d->direct, question(&a, STMT_READ_DATA)));
	q = question(&b, STMT_READ_DATA);
	ck_assert(!direct_submit(d->direct, q));
	pause_ms(LATE_MS);
	ck_assert(!is_called(&a));
	/* With the session the answer is gone, and the reader asks again. */
	if (_i)
		memory_end_sessions(d->database);
	memory_set_pace(d->database, MEMORY_PROMPT);
	await(&a);
	await(&busy);
	ck_assert(!a.failed && !busy.failed);
	direct_set_gate(d->direct, READER_HELD);
	ck_assert(!direct_submit(d->direct, q));
	direct_set_gate(d->direct, READER_OPEN);
	free(q);
	check_works(d);
	close_desk(d);
}
END_TEST

/* What waits when all ends is told so. */
START_TEST(an_end)
{
	struct desk *d = open_desk();
	struct question a;

	memory_set_pace(d->database, MEMORY_UNANSWERED);
	leave(d, &a, STMT_READ_DATA);
	close_desk(d);
	ck_assert(is_called(&a));
	ck_assert(a.failed);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, an_answer_at_once);
	tcase_add_test(tc, without_a_session);
	tcase_add_test(tc, two_at_once);
	tcase_add_test(tc, beside_the_reader);
	tcase_add_loop_test(tc, a_late_answer, 0, 2);
	tcase_add_test(tc, late_answers);
	tcase_add_loop_test(tc, a_lost_session, 0, 3);
	tcase_add_test(tc, a_refused_question);
#ifdef THULE_FAULTS
	tcase_add_test(tc, a_refused_session);
#endif
	tcase_add_loop_test(tc, a_gate_that_is_held, 0, 2);
	tcase_add_test(tc, a_gate_that_is_shut);
	tcase_add_loop_test(tc, submitted, 0, 2);
	tcase_add_test(tc, an_end);
}

int main(void)
{
	return suite_main("direct", add_tests);
}
