/*
 * The drain's own thread in each of its states, on the database in memory: what others may do
 * meanwhile, and how it gets out of each.
 */
#include "engine.h"

#ifdef THULE_FAULTS

static struct journal_report report(struct engine *e)
{
	struct journal_report r;

	pthread_mutex_lock(&e->lock);
	journal_report(e->journal, &r);
	pthread_mutex_unlock(&e->lock);
	return r;
}

static void await_state(struct engine *e, const char *state)
{
	const struct timespec step = {.tv_nsec = 1000000};
	int64_t end = clock_mono_ns() + INT64_C(30000000000);

	while (strcmp(report(e).drain, state)) {
		ck_assert_msg(clock_mono_ns() < end, "the drain is %s, and not %s", report(e).drain,
			state);
		nanosleep(&step, NULL);
	}
}

static void check_state(struct engine *e, const char *state, const char *target, const char *lease)
{
	struct journal_report r = report(e);

	ck_assert_str_eq(r.drain, state);
	ck_assert_str_eq(r.target, target);
	ck_assert_str_eq(r.lease, lease);
}

static enum journal_room room(struct engine *e)
{
	enum journal_room room;

	pthread_mutex_lock(&e->lock);
	room = journal_room(e->journal, 0, JOURNAL_CHANGE);
	pthread_mutex_unlock(&e->lock);
	return room;
}

static void end(struct engine *e)
{
	engine_stop(e);
	engine_verify(e->database, e->mount, &e->model);
	engine_free(e);
}

/* --- jobs --- */

/* Someone who asks for a job, as the control thread does. */
struct asker {
	struct engine *engine;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool end_sessions; /* the job ends its session, and fails */
	bool begun, go_on;
	bool ok;
	struct journal_marks marks;
	struct error err;
};

static bool job(void *arg, PGconn *conn, struct error *err)
{
	struct asker *a = arg;

	pthread_mutex_lock(&a->lock);
	a->begun = true;
	pthread_cond_broadcast(&a->changed);
	while (!a->go_on)
		pthread_cond_wait(&a->changed, &a->lock);
	pthread_mutex_unlock(&a->lock);
	if (!a->end_sessions)
		return true;
	memory_end_sessions(a->engine->database);
	return error_set(err, ERR_UNREACHABLE, "the session was ended in the job");
}

static void *asker_main(void *arg)
{
	struct asker *a = arg;

	a->ok = journal_exclusive(a->engine->journal, job, a, &a->marks, &a->err);
	return NULL;
}

static struct asker *asker_start(struct engine *e, bool end_sessions)
{
	struct asker *a = calloc(1, sizeof(*a));

	a->engine = e;
	a->end_sessions = end_sessions;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	ck_assert_int_eq(pthread_create(&a->thread, NULL, asker_main, a), 0);
	return a;
}

static void asker_await_begun(struct asker *a)
{
	pthread_mutex_lock(&a->lock);
	while (!a->begun)
		pthread_cond_wait(&a->changed, &a->lock);
	pthread_mutex_unlock(&a->lock);
}

static void asker_let_go(struct asker *a)
{
	pthread_mutex_lock(&a->lock);
	a->go_on = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

/* Waits for the answer and checks it; changes go on then. */
static void asker_end(struct asker *a, const char *refused)
{
	pthread_join(a->thread, NULL);
	ck_assert_int_eq(a->ok, refused == NULL);
	if (refused)
		ck_assert_str_eq(a->err.text, refused);
	pthread_mutex_lock(&a->engine->lock);
	ck_assert(journal_quiesced(a->engine->journal));
	journal_resume(a->engine->journal);
	ck_assert(!journal_quiesced(a->engine->journal) || journal_following(a->engine->journal));
	pthread_mutex_unlock(&a->engine->lock);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

/* --- the states --- */

START_TEST(idle)
{
	struct engine *e = engine_start();
	struct journal_report r;

	await_state(e, "idle");
	engine_create(e, "a");
	await_state(e, "idle");
	/* Nobody synced, and it is on the disk all the same before the drain sleeps. */
	r = report(e);
	ck_assert_uint_eq(r.on_disk, r.acknowledged);
	end(e);
}
END_TEST

START_TEST(committing)
{
	struct engine *e = engine_start();

	fault_set(FAULT_BATCH_SEND, FAULT_STOP, 1);
	engine_create(e, "a");
	fault_wait_stopped(FAULT_BATCH_SEND);
	check_state(e, "committing", "run", "held");
	ck_assert_int_eq(room(e), JOURNAL_ROOM);
	engine_write(e, "a", 0, "meanwhile");
	fault_let_go(FAULT_BATCH_SEND);
	end(e);
}
END_TEST

/* The server refuses a batch, and takes it at the next try. */
START_TEST(retrying)
{
	struct engine *e = engine_start();

	fault_set(FAULT_BATCH_REFUSE, FAULT_FAIL, 1);
	engine_create(e, "a");
	engine_sync(e);
	ck_assert_int_ge(fault_passed(FAULT_BATCH_REFUSE), 2);
	check_state(e, report(e).drain, "run", "held");
	end(e);
}
END_TEST

/* A batch without ops is refused for want of room, and then the session is lost: the next one has
 * nothing to commit that would tell, and what grows is taken again. */
START_TEST(refused_and_lost)
{
	struct engine *e = engine_start();
	struct asker *a;

	engine_create(e, "a");
	engine_sync(e);
	fault_reset();
	fault_set(FAULT_BATCH_SEND, FAULT_STOP, 1);
	fault_set(FAULT_BATCH_REFUSE, FAULT_FAIL, 1);
	a = asker_start(e, false);
	fault_wait_stopped(FAULT_BATCH_SEND);
	journal_refuse_jobs(e->journal);
	asker_end(a, "the filesystem is being unmounted");
	memory_end_sessions(e->database);
	fault_let_go(FAULT_BATCH_SEND);
	await_state(e, "reconnecting");
	await_state(e, "idle");
	pthread_mutex_lock(&e->lock);
	ck_assert_int_eq(journal_room(e->journal, 0, JOURNAL_GROW), JOURNAL_ROOM);
	pthread_mutex_unlock(&e->lock);
	end(e);
}
END_TEST

/* Whether there is something to commit or not, its session is watched. */
START_TEST(reconnecting)
{
	struct engine *e = engine_start();

	if (_i)
		engine_create(e, "a");
	await_state(e, "idle");
	fault_reset();
	fault_set(FAULT_SESSION_OPEN, FAULT_STOP, 1);
	memory_end_sessions(e->database);
	fault_wait_stopped(FAULT_SESSION_OPEN);
	check_state(e, "reconnecting", "run", "lost");
	ck_assert_int_eq(room(e), JOURNAL_LATER);
	fault_let_go(FAULT_SESSION_OPEN);
	await_state(e, "idle");
	check_state(e, "idle", "run", "held");
	ck_assert_int_eq(room(e), JOURNAL_ROOM);
	engine_create(e, "b");
	end(e);
}
END_TEST

START_TEST(performing)
{
	struct engine *e = engine_start();
	struct asker *a;

	engine_create(e, "a");
	a = asker_start(e, false);
	asker_await_begun(a);
	check_state(e, "performing", "quiesce", "held");
	ck_assert_int_eq(room(e), JOURNAL_LATER);
	ck_assert_uint_eq(report(e).on_disk, report(e).acknowledged);
	asker_let_go(a);
	/* The job is over, and changes wait still. Who syncs does not. */
	await_state(e, "idle");
	ck_assert_int_eq(room(e), JOURNAL_LATER);
	engine_sync(e);
	asker_end(a, NULL);
	engine_create(e, "b");
	end(e);
}
END_TEST

/* A session that is lost in a job is a lost lease like any other. */
START_TEST(recovering)
{
	struct engine *e = engine_start();
	struct asker *a;

	engine_create(e, "a");
	engine_sync(e);
	fault_reset();
	fault_set(FAULT_SESSION_OPEN, FAULT_STOP, 1);
	a = asker_start(e, true);
	asker_let_go(a);
	fault_wait_stopped(FAULT_SESSION_OPEN);
	check_state(e, "recovering", "quiesce", "lost");
	ck_assert_int_eq(room(e), JOURNAL_LATER);
	fault_let_go(FAULT_SESSION_OPEN);
	asker_end(a, "the session was ended in the job");
	engine_create(e, "b");
	end(e);
}
END_TEST

/* An unmount gets the thread back that waits for a drain that waits for its server. */
START_TEST(job_refused)
{
	struct engine *e = engine_start();
	struct asker *a;

	fault_set(FAULT_BATCH_SEND, FAULT_STOP, 1);
	engine_create(e, "a");
	fault_wait_stopped(FAULT_BATCH_SEND);
	a = asker_start(e, false);
	while (strcmp(report(e).target, "quiesce"))
		sched_yield();
	journal_refuse_jobs(e->journal);
	asker_end(a, "the filesystem is being unmounted");
	fault_let_go(FAULT_BATCH_SEND);
	/* So is the next one. */
	asker_end(asker_start(e, false), "the filesystem is being unmounted");
	end(e);
}
END_TEST

static void check_failed(struct engine *e)
{
	await_state(e, "failed");
	check_state(e, "failed", report(e).target, "gone");
	ck_assert_int_eq(room(e), JOURNAL_LATER);
	/* Nobody waits for it. */
	journal_wait_flushed(e->journal);
	ck_assert(journal_failed(e->journal));
}

/* Another mount has written while there was no session, and something is not in the database. */
START_TEST(failed)
{
	struct engine *e = engine_start();

	engine_create(e, "a");
	await_state(e, "idle");
	fault_reset();
	fault_set(FAULT_BATCH_SEND, FAULT_STOP, 1);
	engine_create(e, "b");
	fault_wait_stopped(FAULT_BATCH_SEND);
	memory_end_sessions(e->database);
	memory_mount(e->database);
	fault_let_go(FAULT_BATCH_SEND);
	check_failed(e);
	asker_end(asker_start(e, false), "the journal has failed");
	ck_assert(!journal_stop(e->journal));
	journal_free(e->journal);
	e->journal = NULL;
	engine_free(e);
}
END_TEST

/* It is another mount's turn: changes wait, and nothing is applied. */
static void check_follows(struct engine *e)
{
	await_state(e, "idle");
	check_state(e, "idle", report(e).target, "follows");
	ck_assert_int_eq(room(e), JOURNAL_LATER);
	engine_sync(e);
	ck_assert_uint_eq(report(e).on_disk, report(e).acknowledged);
}

/* Who syncs while the session that follows is lost is told by the next one that all is there. */
static void sync_between_sessions(struct engine *e)
{
	struct engine_waiter w = {.waiter = {.fn = engine_called}, .engine = e};

	fault_set(FAULT_SESSION_OPEN, FAULT_STOP, 1);
	memory_end_sessions(e->database);
	fault_wait_stopped(FAULT_SESSION_OPEN);
	pthread_mutex_lock(&e->lock);
	ck_assert(!journal_sync(e->journal, &w.waiter));
	pthread_mutex_unlock(&e->lock);
	fault_let_go(FAULT_SESSION_OPEN);
	pthread_mutex_lock(&e->lock);
	ck_assert_int_eq(engine_await(&w), 0);
	pthread_mutex_unlock(&e->lock);
}

/* The same, and nothing is missing: the other one is followed, also in the next session. */
START_TEST(followed)
{
	struct engine *e = engine_start();

	engine_create(e, "a");
	await_state(e, "idle");
	fault_reset();
	fault_set(FAULT_SESSION_OPEN, FAULT_STOP, 1);
	memory_end_sessions(e->database);
	fault_wait_stopped(FAULT_SESSION_OPEN);
	memory_mount(e->database);
	fault_let_go(FAULT_SESSION_OPEN);
	check_follows(e);
	sync_between_sessions(e);
	check_follows(e);
	end(e);
}
END_TEST

START_TEST(followed_in_a_job)
{
	struct engine *e = engine_start();
	struct asker *a;

	engine_create(e, "a");
	engine_sync(e);
	fault_reset();
	fault_set(FAULT_SESSION_OPEN, FAULT_STOP, 1);
	a = asker_start(e, true);
	asker_let_go(a);
	fault_wait_stopped(FAULT_SESSION_OPEN);
	memory_mount(e->database);
	fault_let_go(FAULT_SESSION_OPEN);
	asker_end(a, "the session was ended in the job");
	check_follows(e);
	end(e);
}
END_TEST

/* The filesystem is unmounted in a state: what was acknowledged gets into the database. */
static void *stop_main(void *arg)
{
	struct engine *e = arg;

	return journal_stop(e->journal) ? e : NULL;
}

START_TEST(stopping)
{
	static const enum fault_point points[] = {
		FAULT_BATCH_SEND, FAULT_BATCH_ANSWER, FAULT_SESSION_OPEN};
	struct engine *e = engine_start();
	pthread_t thread;
	void *stopped;

	await_state(e, "idle");
	fault_reset();
	fault_set(points[_i], FAULT_STOP, 1);
	engine_create(e, "a");
	if (points[_i] == FAULT_SESSION_OPEN)
		memory_end_sessions(e->database);
	fault_wait_stopped(points[_i]);
	ck_assert_int_eq(pthread_create(&thread, NULL, stop_main, e), 0);
	while (strcmp(report(e).target, "stop"))
		sched_yield();
	fault_let_go(points[_i]);
	pthread_join(thread, &stopped);
	ck_assert_ptr_eq(stopped, e);
	check_state(e, "stopped", "stop", "held");
	ck_assert_uint_eq(report(e).on_disk, report(e).acknowledged);
	journal_free(e->journal);
	e->journal = NULL;
	engine_verify(e->database, e->mount, &e->model);
	engine_free(e);
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_test(tc, idle);
	tcase_add_test(tc, committing);
	tcase_add_test(tc, retrying);
	tcase_add_test(tc, refused_and_lost);
	tcase_add_loop_test(tc, reconnecting, 0, 2);
	tcase_add_test(tc, performing);
	tcase_add_test(tc, recovering);
	tcase_add_test(tc, job_refused);
	tcase_add_test(tc, failed);
	tcase_add_test(tc, followed);
	tcase_add_test(tc, followed_in_a_job);
	tcase_add_loop_test(tc, stopping, 0, 3);
}

#else

static void add(TCase *tc)
{
}

#endif

int main(void)
{
	return suite_main("drain", add);
}
