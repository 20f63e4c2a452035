/* What is open: handles, and which of them SQL was shown. */
#include "state/state.h"
#include "suite.h"

START_TEST(handles)
{
	struct handle *a, *b;
	struct state s;
	uint64_t fh;

	state_init(&s, &(struct state_limits){16, 1 << 20, 1 << 20});
	a = handle_add(&s, 7);
	b = handle_add(&s, 7);
	ck_assert_uint_ne(a->fh, 0);
	ck_assert_uint_ne(a->fh, b->fh);
	ck_assert_ptr_eq(handle_find(&s, a->fh), a);
	fh = a->fh;
	handle_drop(&s, a);
	ck_assert_ptr_null(handle_find(&s, fh));
	ck_assert_uint_ne(handle_add(&s, 7)->fh, fh);
	state_free(&s);
}
END_TEST

static void count_handle(void *arg, struct handle *h)
{
	uint64_t *sum = arg;
	*sum += h->fh;
}

START_TEST(handles_are_shown_once)
{
	struct handle *h[4];
	struct state s;
	uint64_t sum = 0;

	state_init(&s, &(struct state_limits){16, 1 << 20, 1 << 20});
	for (int i = 0; i < 4; i++) {
		h[i] = handle_add(&s, 7);
		h[i]->opened = i * 10;
	}
	handles_show(&s, 10, count_handle, &sum);
	ck_assert_uint_eq(sum, h[0]->fh + h[1]->fh);
	sum = 0;
	handles_show(&s, 20, count_handle, &sum);
	ck_assert_uint_eq(sum, h[2]->fh);
	/* One that was never shown leaves nothing behind. */
	handle_drop(&s, h[3]);
	ck_assert_uint_eq(s.closed_count, 0);
	sum = h[1]->fh;
	handle_drop(&s, h[1]);
	ck_assert_uint_eq(s.closed_count, 1);
	ck_assert_uint_eq(s.closed[0], sum);
	handles_hide(&s);
	ck_assert_uint_eq(s.closed_count, 0);
	sum = 0;
	handles_show(&s, 100, count_handle, &sum);
	ck_assert_uint_eq(sum, h[0]->fh + h[2]->fh);
	state_free(&s);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, handles);
	tcase_add_test(tc, handles_are_shown_once);
}

int main(void)
{
	return suite_main("handle", add_tests);
}
