/* How few rows a batch makes of writes that follow each other, and which ops they keep. */
#include "rows.h"
#include "suite.h"

enum { COL_OFF = 1, COL_LEN = 2, COL_FROM = 5 };

static void write_at(
	struct batch *b, uint64_t op, uint64_t off, const char *text, unsigned int flags)
{
	struct record r = {.op = op, .at = time_of(op), .actor = 5, .ino = 40, .change_count = 1};

	r.changes[0].type = CHANGE_EXTENT;
	r.changes[0].flags = flags;
	r.changes[0].extent.ino = 40;
	r.changes[0].extent.off = off;
	r.changes[0].extent.data = (struct bytes){text, (uint32_t)strlen(text)};
	batch_add(b, &r);
}

/* Small appends of one process become one extent: a log file is not a row per line. */
START_TEST(appends_join)
{
	struct batch *b = batch_new(3, 1000);
	struct table t;

	for (uint64_t op = 20; op < 40; op++)
		write_at(b, op, (op - 20) * 4, "line", CHANGE_FRESH);
	batch_finish(b);
	t = table_read(b, ROWS_EXTENT_INSERT);
	ck_assert_int_eq(t.rows, 1);
	ck_assert_int_eq(table_int(&t, 0, COL_LEN), 80);
	ck_assert_int_eq(table_int(&t, 0, COL_FROM), 20);
	free(t.cells);
	batch_free(b);
}
END_TEST

/* Two neighbouring parts of an old file are overwritten: the second is not there before its op. */
START_TEST(overwrites_keep_their_ops)
{
	struct batch *b = batch_new(3, 1000);
	struct table t;

	write_at(b, 20, 0, "four", 0);
	write_at(b, 21, 4, "more", 0);
	batch_finish(b);
	t = table_read(b, ROWS_EXTENT_INSERT);
	for (int i = 0; i < t.rows; i++)
		ck_assert(table_int(&t, i, COL_FROM) == 21 ||
			  table_int(&t, i, COL_OFF) + table_int(&t, i, COL_LEN) <= 4);
	free(t.cells);
	batch_free(b);
}
END_TEST

/* What a batch looks through for each write does not grow with what was overwritten before. */
START_TEST(overwritten_pieces_are_dropped)
{
	struct batch *b = batch_new(3, 1000);

	for (uint64_t op = 20; op < 1020; op++)
		write_at(b, op, op % 2 * 4, "four", 0);
	ck_assert_uint_eq(b->extents.files->piece_count, 2);
	batch_finish(b);
	ck_assert_int_eq(b->rows[ROWS_EXTENT_INSERT].column[0].count, 2);
	ck_assert_int_eq(b->rows[ROWS_EXTENT_HISTORY].column[0].count, 998);
	batch_free(b);
}
END_TEST

/* The file was longer for a while, with zeros where the second write goes. */
START_TEST(cut_ends_joining)
{
	struct batch *b = batch_new(3, 1000);
	struct record r = {.op = 22, .at = time_of(22), .actor = 5, .ino = 40, .change_count = 1};

	write_at(b, 20, 0, "four", CHANGE_FRESH);
	r.changes[0].type = CHANGE_CUT;
	r.changes[0].extent.ino = 40;
	r.changes[0].extent.off = 4;
	r.changes[0].extent.len = INT64_MAX - 4;
	batch_add(b, &r);
	write_at(b, 23, 4, "more", CHANGE_FRESH);
	batch_finish(b);
	ck_assert_int_eq(b->rows[ROWS_EXTENT_INSERT].column[0].count, 2);
	batch_free(b);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, appends_join);
	tcase_add_test(tc, cut_ends_joining);
	tcase_add_test(tc, overwrites_keep_their_ops);
	tcase_add_test(tc, overwritten_pieces_are_dropped);
}

int main(void)
{
	return suite_main("batch_join", add_tests);
}
