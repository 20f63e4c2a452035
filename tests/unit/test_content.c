/*
 * Ranges of files that are asked for together, on the database in memory: each read gets its own
 * bytes, with few statements, whatever becomes of the session or the lease.
 */
#include "op/content.h"

#include "kernel.h"

#define READS 100
#define FILES 5

struct wanted {
	struct content content; /* first: done() finds it so */
	pthread_mutex_t lock;
	pthread_cond_t called;
	int answers, error;
};

static void done(struct content *c, int error)
{
	struct wanted *w = (struct wanted *)c;

	pthread_mutex_lock(&w->lock);
	w->answers++;
	w->error = error;
	pthread_cond_broadcast(&w->called);
	pthread_mutex_unlock(&w->lock);
}

/* Waits for the one call of done(). */
static int await(struct wanted *w)
{
	pthread_mutex_lock(&w->lock);
	while (!w->answers)
		pthread_cond_wait(&w->called, &w->lock);
	ck_assert_int_eq(w->answers, 1);
	pthread_mutex_unlock(&w->lock);
	return w->error;
}

static const char *name_of(int file)
{
	static const char *const names[FILES] = {"a", "b", "c", "d", "e"};

	return names[file];
}

/* Files of two extents with a hole between them, committed. */
static struct kernel *start(void)
{
	struct kernel *k = kernel_start();
	char text[9];

	for (int i = 0; i < FILES; i++) {
		uint64_t fh = kernel_create(k, name_of(i));

		snprintf(text, sizeof(text), "first-%c;", 'a' + i);
		kernel_write(k, name_of(i), fh, 0, text);
		snprintf(text, sizeof(text), "later-%c;", 'a' + i);
		kernel_write(k, name_of(i), fh, 20, text);
		kernel_fsync(k, name_of(i), fh);
	}
	return k;
}

static void set_gates(struct kernel *k, enum reader_gate gate)
{
	reader_set_gate(k->fs.reader, gate);
	direct_set_gate(k->fs.direct, gate);
}

/* The n-th read: a file, and a part of it that is not that of its neighbours. */
static void ask(struct kernel *k, struct wanted *w, int n)
{
	const struct model_file *f = model_find(&k->engine->model, name_of(n % FILES));

	*w = (struct wanted){
		.content = {f->ino, (uint64_t)(n % 7), 10 + (uint64_t)(n % 15), .done = done},
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.called = PTHREAD_COND_INITIALIZER};
	content_ask(k->fs.contents, &w->content);
}

static void check(struct kernel *k, struct wanted *w, int n)
{
	const struct model_file *f = model_find(&k->engine->model, name_of(n % FILES));
	char buf[ENGINE_BYTES] = "";

	ck_assert_int_eq(await(w), 0);
	content_place(&w->content, buf);
	ck_assert_mem_eq(buf, f->data + w->content.off, w->content.len);
	content_clear(&w->content);
	ck_assert_ptr_null(w->content.answer);
}

/* All ask while nobody is answered. */
static void ask_all(struct kernel *k, struct wanted w[READS])
{
	set_gates(k, READER_HELD);
	for (int n = 0; n < READS; n++)
		ask(k, &w[n], n);
	set_gates(k, READER_OPEN);
	for (int n = 0; n < READS; n++)
		check(k, &w[n], n);
}

START_TEST(together)
{
	struct wanted w[READS];
	struct kernel *k = start();

	ask_all(k, w);
	engine_free(kernel_stop(k));
}
END_TEST

#ifdef THULE_FAULTS

/* Two at once, and those who came meanwhile. */
START_TEST(few_statements)
{
	struct wanted w[READS];
	struct kernel *k = start();
	int before = fault_passed(FAULT_READER_ASK), asked;

	ask_all(k, w);
	asked = fault_passed(FAULT_READER_ASK) - before;
	ck_assert_int_eq(asked, 2 + (READS - 2 + READ_RANGES_MAX - 1) / READ_RANGES_MAX);
	engine_free(kernel_stop(k));
}
END_TEST

/* The session is lost with questions under way: they are asked again. */
START_TEST(a_session_is_lost)
{
	struct wanted w[READS];
	struct kernel *k = start();

	for (int round = 0; round < 20; round++) {
		fault_set(FAULT_READER_ANSWER, FAULT_FAIL, 1 + round % 4);
		for (int n = 0; n < READS; n++)
			ask(k, &w[n], n);
		for (int n = 0; n < READS; n++)
			check(k, &w[n], n);
	}
	engine_free(kernel_stop(k));
}
END_TEST

#endif

/* Without the lease nobody waits for ever. */
START_TEST(the_lease_is_lost)
{
	struct wanted w[READS];
	struct kernel *k = start();

	set_gates(k, READER_HELD);
	for (int n = 0; n < READS; n++)
		ask(k, &w[n], n);
	set_gates(k, READER_SHUT);
	for (int n = 0; n < READS; n++) {
		ck_assert_int_ne(await(&w[n]), 0);
		ck_assert_ptr_null(w[n].content.answer);
	}
	engine_free(kernel_stop(k));
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_test(tc, together);
#ifdef THULE_FAULTS
	tcase_add_test(tc, few_statements);
	tcase_add_test(tc, a_session_is_lost);
#endif
	tcase_add_test(tc, the_lease_is_lost);
}

int main(void)
{
	return suite_main("content", add);
}
