/* What a batch makes of inodes: versions with the right beginning and end. */
#include <stdio.h>
#include <sys/stat.h>

#include "rows.h"
#include "suite.h"

/* Columns of the rows. */
enum { INODE_SIZE = 6, INODE_ATIME = 8, INODE_TARGET = 15, INODE_FROM = 16, INODE_TO = 18 };

/* An inode's attributes changed: its size tells the versions apart. */
static void put_file(struct batch *b, uint64_t op, unsigned int flags)
{
	struct record r = begin_record(op, 5);
	struct change *e = add_change(&r, CHANGE_INODE, flags);

	e->inode.attr =
		(struct inode_attr){.ino = 40, .mode = S_IFREG | 0644, .nlink = 1, .size = op * 10};
	batch_add(b, &r);
}

static void inode_gone(struct batch *b, uint64_t op, uint64_t ino)
{
	struct record r = begin_record(op, 5);

	add_change(&r, CHANGE_INODE_GONE, 0)->gone = ino;
	batch_add(b, &r);
}

/* The rows of one statement as text: "ino:size from-to, ...". */
static void expect(struct batch *b, enum rows_id id, const char *expected)
{
	struct table t = table_read(b, id);
	char text[1000] = "", *p = text, *end = text + sizeof(text);

	for (int i = 0; i < t.rows; i++) {
		p += snprintf(p, end - p, "%s%ld", i ? ", " : "", (long)table_int(&t, i, 0));
		if (id == ROWS_INODE_CLOSE)
			p += snprintf(p, end - p, " -%lu", (unsigned long)table_when(&t, i, 1));
		if (t.columns <= INODE_FROM)
			continue;
		p += snprintf(p, end - p, ":%ld %lu-", (long)table_int(&t, i, INODE_SIZE),
			(unsigned long)table_when(&t, i, INODE_FROM));
		if (id == ROWS_INODE_HISTORY)
			p += snprintf(
				p, end - p, "%lu", (unsigned long)table_when(&t, i, INODE_TO));
	}
	ck_assert_str_eq(text, expected);
	free(t.cells);
}

static void expect_inodes(struct batch *b, const char *close, const char *history,
	const char *deleted, const char *update, const char *insert)
{
	batch_finish(b);
	expect(b, ROWS_INODE_CLOSE, close);
	expect(b, ROWS_INODE_HISTORY, history);
	expect(b, ROWS_INODE_DELETE, deleted);
	expect(b, ROWS_INODE_UPDATE, update);
	expect(b, ROWS_INODE_INSERT, insert);
	batch_reset(b);
}

START_TEST(inode_versions)
{
	struct batch *b = batch_new(3, 100);

	for (uint64_t op = 20; op < 23; op++)
		put_file(b, op, 0);
	expect_inodes(b, "40 -20", "40:200 20-21, 40:210 21-22", "", "40:220 22-", "");
	put_file(b, 30, CHANGE_NEW);
	put_file(b, 31, 0);
	ck_assert_uint_eq(b->inodes.next_ino, 41);
	expect_inodes(b, "", "40:300 30-31", "", "", "40:310 31-");
	ck_assert_uint_eq(b->inodes.next_ino, 0);
	/* Nothing of earlier batches is left. */
	expect_inodes(b, "", "", "", "", "");
	batch_free(b);
}
END_TEST

static void read_file(struct batch *b, uint64_t op, uint64_t ino)
{
	struct record r = begin_record(op, 0);
	struct change *e = add_change(&r, CHANGE_ATIME, 0);

	r.kind = OP_NONE;
	e->atime.ino = ino;
	e->atime.ns = (int64_t)op * 1000;
	batch_add(b, &r);
}

/* An access changes the version that is there, in the database or in the batch, and makes none. */
START_TEST(inode_accesses)
{
	struct batch *b = batch_new(3, 100);
	struct table t;

	read_file(b, 20, 40);
	read_file(b, 21, 41);
	read_file(b, 22, 40);
	put_file(b, 23, 0);
	put_file(b, 24, 0);
	read_file(b, 25, 40);
	ck_assert_uint_eq(batch_last_op(b), 25);
	batch_finish(b);
	t = table_read(b, ROWS_OP);
	ck_assert_int_eq(t.rows, 2);
	free(t.cells);
	t = table_read(b, ROWS_ATIME);
	ck_assert_int_eq(t.rows, 2);
	ck_assert_int_eq(table_int(&t, 0, 0), 40);
	ck_assert_int_eq(table_int(&t, 0, 1), 22000);
	ck_assert_int_eq(table_int(&t, 1, 0), 41);
	ck_assert_int_eq(table_int(&t, 1, 1), 21000);
	free(t.cells);
	t = table_read(b, ROWS_INODE_HISTORY);
	ck_assert_int_eq(table_int(&t, 0, INODE_ATIME), 0);
	free(t.cells);
	t = table_read(b, ROWS_INODE_UPDATE);
	ck_assert_int_eq(table_int(&t, 0, INODE_ATIME), 25000);
	free(t.cells);
	expect(b, ROWS_INODE_CLOSE, "40 -23");
	expect(b, ROWS_INODE_HISTORY, "40:230 23-24");
	expect(b, ROWS_INODE_UPDATE, "40:240 24-");
	batch_reset(b);
	/* Nothing of it is left. */
	batch_finish(b);
	expect(b, ROWS_ATIME, "");
	batch_free(b);
}
END_TEST

START_TEST(inode_gone_versions)
{
	struct batch *b = batch_new(3, 100);

	inode_gone(b, 20, 40);
	expect_inodes(b, "40 -20", "", "40", "", "");
	put_file(b, 20, 0);
	put_file(b, 21, 0);
	inode_gone(b, 22, 40);
	expect_inodes(b, "40 -20", "40:200 20-21, 40:210 21-22", "40", "", "");
	put_file(b, 20, CHANGE_NEW);
	inode_gone(b, 21, 40);
	expect_inodes(b, "", "40:200 20-21", "", "", "");
	batch_free(b);
}
END_TEST

START_TEST(each_op_is_a_version)
{
	struct batch *b = batch_new(3, 100);

	put_file(b, 20, 0);
	put_file(b, 21, 0);
	put_file(b, 22, 0);
	expect_inodes(b, "40 -20", "40:200 20-21, 40:210 21-22", "", "40:220 22-", "");
	/* What one op says of an inode is one version, however often it says it. */
	put_file(b, 30, 0);
	put_file(b, 30, 0);
	put_file(b, 31, 0);
	expect_inodes(b, "40 -30", "40:300 30-31", "", "40:310 31-", "");
	batch_free(b);
}
END_TEST

START_TEST(inode_columns)
{
	struct inode_attr a = {.ino = 77,
		.size = 6,
		.allocated = 512,
		.atime = -1,
		.mtime = 2,
		.ctime = 3,
		.btime = INT64_MAX,
		.mode = S_IFLNK | 0777,
		.nlink = 9,
		.uid = UINT32_MAX,
		.gid = 4000000000,
		.rdev = 0x103,
		.flags = 0x30,
		.xattrs = 2,
		.project = 12};
	const int64_t expected[] = {77, S_IFLNK | 0777, 9, UINT32_MAX, 4000000000, 0x103, 6, 512,
		-1, 2, 3, INT64_MAX, 0x30, 2, 12};
	struct batch *b = batch_new(3, 100);
	struct record r = begin_record(20, 5);
	struct change *e = add_change(&r, CHANGE_INODE, CHANGE_NEW);
	struct table t;

	e->inode.attr = a;
	e->inode.target = name_of("target");
	batch_add(b, &r);
	put_file(b, 21, CHANGE_NEW);
	batch_finish(b);
	t = table_read(b, ROWS_INODE_INSERT);
	for (int i = 0; i < INODE_TARGET; i++)
		ck_assert_int_eq(table_int(&t, 0, i), expected[i]);
	ck_assert_int_eq(table_cell(&t, 0, INODE_TARGET)->len, 6);
	ck_assert_mem_eq(table_cell(&t, 0, INODE_TARGET)->data, "target", 6);
	ck_assert_ptr_null(table_cell(&t, 1, INODE_TARGET)->data);
	ck_assert_uint_eq(table_when(&t, 0, INODE_FROM), 20);
	free(t.cells);
	batch_free(b);
}
END_TEST

START_TEST(op_and_actor_rows)
{
	struct batch *b = batch_new(3, 100);
	struct record r = begin_record(20, 5);
	struct change *e = add_change(&r, CHANGE_ACTOR, 0);
	struct table t;

	r.kind = OP_RENAME;
	r.ino = 40;
	r.parent = 1;
	r.name = name_of("a\n'\\");
	r.off = 0;
	r.tag = name_of("nightly");
	r.flags = RECORD_DEFERRED;
	e->actor.id = 20;
	e->actor.session = 77;
	e->actor.text[ACTOR_RUN] = name_of("run");
	e->actor.loginuid = -1;
	e->actor.uid = UINT32_MAX - 1;
	e->actor.text[ACTOR_EXE] = name_of("/bin/mv");
	batch_add(b, &r);
	t = table_read(b, ROWS_OP);
	ck_assert_uint_eq(table_when(&t, 0, 0), 20);
	ck_assert_int_eq(table_int(&t, 0, 2), OP_RENAME);
	ck_assert_int_eq(table_int(&t, 0, 3), 40);
	ck_assert_int_eq(table_int(&t, 0, 4), 1);
	ck_assert_int_eq(table_cell(&t, 0, 5)->len, 4);
	ck_assert_ptr_null(table_cell(&t, 0, 6)->data);
	ck_assert_ptr_null(table_cell(&t, 0, 7)->data);
	ck_assert_int_eq(table_int(&t, 0, 8), 0); /* offset 0 is one */
	ck_assert_ptr_null(table_cell(&t, 0, 9)->data);
	ck_assert_int_eq(table_int(&t, 0, 10), 5);
	ck_assert_int_eq(table_int(&t, 0, 11), 3);
	ck_assert_int_eq(table_cell(&t, 0, 12)->len, 7);
	ck_assert_int_eq(table_int(&t, 0, 13), 1);
	free(t.cells);
	t = table_read(b, ROWS_ACTOR);
	ck_assert_int_eq(table_int(&t, 0, 0), 20);
	ck_assert_int_eq(table_int(&t, 0, 6), UINT32_MAX - 1);
	ck_assert_ptr_null(table_cell(&t, 0, 8)->data);
	ck_assert_int_eq(table_cell(&t, 0, 9)->len, 7);
	ck_assert_int_eq(table_int(&t, 0, 14), 77);
	/* Only a user name, a tag and a run may be missing; other texts are empty. */
	ck_assert_ptr_nonnull(table_cell(&t, 0, 10)->data);
	ck_assert_ptr_null(table_cell(&t, 0, 13)->data);
	ck_assert_ptr_nonnull(table_cell(&t, 0, 15)->data);
	ck_assert_ptr_null(table_cell(&t, 0, 18)->data);
	ck_assert_int_eq(table_cell(&t, 0, 19)->len, 3);
	free(t.cells);
	ck_assert_uint_eq(batch_ops(b), 1);
	ck_assert_uint_eq(batch_last_op(b), 20);
	batch_free(b);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, inode_versions);
	tcase_add_test(tc, inode_accesses);
	tcase_add_test(tc, inode_gone_versions);
	tcase_add_test(tc, each_op_is_a_version);
	tcase_add_test(tc, inode_columns);
	tcase_add_test(tc, op_and_actor_rows);
}

int main(void)
{
	return suite_main("batch", add_tests);
}
