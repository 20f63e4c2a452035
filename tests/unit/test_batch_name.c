/* What a batch makes of rows with a name, of directories and extended attributes: versions with the
 * right beginning and end. */
#include <stdio.h>
#include <sys/stat.h>

#include "rows.h"
#include "suite.h"

/* Columns of the rows. */
enum { DIRENT_INO = 2, DIRENT_FROM = 4, DIRENT_TO = 6 };

static void set_name(
	struct record *r, enum change_type type, uint64_t parent, const char *name, uint64_t ino)
{
	struct change *e = add_change(r, type, 0);

	e->dirent.parent = parent;
	e->dirent.name = name_of(name);
	e->dirent.ino = ino;
	e->dirent.cookie = r->op * 2;
}

static void one_name(struct batch *b, uint64_t op, enum change_type type, const char *name)
{
	struct record r = begin_record(op, 5);

	set_name(&r, type, 1, name, 40);
	batch_add(b, &r);
}

static void rename_name(struct batch *b, uint64_t op, const char *from, const char *to)
{
	struct record r = begin_record(op, 5);

	set_name(&r, CHANGE_DIRENT_GONE, 1, from, 40);
	set_name(&r, CHANGE_DIRENT, 1, to, 40);
	batch_add(b, &r);
}

/* The rows of one statement as text: "name ino from-to, ...", without the ino where there is none.
 */
static void expect_dirent(struct batch *b, enum rows_id id, const char *expected)
{
	struct table t = table_read(b, id);
	char text[1000] = "", *p = text, *end = text + sizeof(text);

	for (int i = 0; i < t.rows; i++) {
		const struct cell *name = table_cell(&t, i, 1);
		ck_assert_int_eq(table_int(&t, i, 0), 1);
		p += snprintf(p, end - p, "%s%.*s", i ? ", " : "", (int)name->len, name->data);
		if (id == ROWS_DIRENT_CLOSE) {
			p += snprintf(p, end - p, " -%lu", (unsigned long)table_when(&t, i, 2));
			continue;
		}
		p += snprintf(p, end - p, " %ld %lu-", (long)table_int(&t, i, DIRENT_INO),
			(unsigned long)table_when(&t, i, DIRENT_FROM));
		if (id == ROWS_DIRENT_HISTORY)
			p += snprintf(
				p, end - p, "%lu", (unsigned long)table_when(&t, i, DIRENT_TO));
	}
	ck_assert_str_eq(text, expected);
	free(t.cells);
}

static void expect_names(
	struct batch *b, const char *close, const char *history, const char *insert)
{
	batch_finish(b);
	expect_dirent(b, ROWS_DIRENT_CLOSE, close);
	expect_dirent(b, ROWS_DIRENT_HISTORY, history);
	expect_dirent(b, ROWS_DIRENT_INSERT, insert);
	batch_reset(b);
}

START_TEST(names)
{
	struct batch *b = batch_new(3, 100);

	one_name(b, 20, CHANGE_DIRENT, "a");
	expect_names(b, "", "", "a 40 20-");
	one_name(b, 20, CHANGE_DIRENT, "a");
	one_name(b, 21, CHANGE_DIRENT_GONE, "a");
	expect_names(b, "", "a 40 20-21", "");
	one_name(b, 20, CHANGE_DIRENT_GONE, "a");
	expect_names(b, "a -20", "", "");
	/* Created, unlinked and created again, over one that was there. */
	one_name(b, 20, CHANGE_DIRENT_GONE, "a");
	one_name(b, 21, CHANGE_DIRENT, "a");
	one_name(b, 22, CHANGE_DIRENT_GONE, "a");
	one_name(b, 23, CHANGE_DIRENT, "a");
	expect_names(b, "a -20", "a 40 21-22", "a 40 23-");
	batch_free(b);
}
END_TEST

START_TEST(renames)
{
	struct batch *b = batch_new(3, 100);
	struct record r = begin_record(30, 5);

	rename_name(b, 20, "a", "b");
	rename_name(b, 21, "b", "c");
	expect_names(b, "a -20", "b 40 20-21", "c 40 21-");
	/* There and back. */
	rename_name(b, 20, "a", "b");
	rename_name(b, 21, "b", "a");
	expect_names(b, "a -20", "b 40 20-21", "a 40 21-");
	/* The names of two inodes change places. */
	set_name(&r, CHANGE_DIRENT_GONE, 1, "a", 40);
	set_name(&r, CHANGE_DIRENT_GONE, 1, "b", 41);
	set_name(&r, CHANGE_DIRENT, 1, "b", 40);
	set_name(&r, CHANGE_DIRENT, 1, "a", 41);
	batch_add(b, &r);
	expect_names(b, "a -30, b -30", "", "a 41 30-, b 40 30-");
	/* Over a name that is there. */
	r = begin_record(31, 5);
	set_name(&r, CHANGE_DIRENT_GONE, 1, "b", 41);
	set_name(&r, CHANGE_DIRENT_GONE, 1, "a", 40);
	set_name(&r, CHANGE_DIRENT, 1, "b", 40);
	batch_add(b, &r);
	expect_names(b, "b -31, a -31", "", "b 40 31-");
	batch_free(b);
}
END_TEST

/* Names that are alike are told apart: by parent, by length, by any byte. */
START_TEST(names_are_distinct)
{
	struct batch *b = batch_new(3, 100);
	struct record r = begin_record(20, 5);
	char longest[256], almost[256];

	memset(longest, 'x', 255);
	longest[255] = '\0';
	strcpy(almost, longest);
	almost[254] = 'y';
	set_name(&r, CHANGE_DIRENT, 1, "a", 40);
	set_name(&r, CHANGE_DIRENT, 2, "a", 41);
	set_name(&r, CHANGE_DIRENT, 1, "ab", 42);
	set_name(&r, CHANGE_DIRENT, 1, "a ", 43);
	set_name(&r, CHANGE_DIRENT, 1, longest, 44);
	set_name(&r, CHANGE_DIRENT, 1, almost, 45);
	batch_add(b, &r);
	ck_assert_uint_eq(HASH_COUNT(b->names.dirents), 6);
	batch_finish(b);
	ck_assert_int_eq(b->rows[ROWS_DIRENT_INSERT].column[0].count, 6);
	batch_free(b);
}
END_TEST

static void put_xattr(
	struct batch *b, uint64_t op, unsigned int flags, const char *name, const char *value)
{
	struct record r = begin_record(op, 5);
	struct change *e = add_change(&r, CHANGE_XATTR, flags);

	e->xattr.ino = 40;
	e->xattr.name = name_of(name);
	e->xattr.value = name_of(value);
	batch_add(b, &r);
}

static void xattr_gone(struct batch *b, uint64_t op, const char *name)
{
	struct record r = begin_record(op, 5);
	struct change *e = add_change(&r, CHANGE_XATTR_GONE, 0);

	e->xattr.ino = 40;
	e->xattr.name = name_of(name);
	batch_add(b, &r);
}

static void xattr_inode_gone(struct batch *b, uint64_t op)
{
	struct record r = begin_record(op, 5);

	add_change(&r, CHANGE_INODE_GONE, CHANGE_XATTRS)->gone = 40;
	batch_add(b, &r);
}

/* Rows of attributes as text: "name=value from-to, ...", of ended ones "name -op", of all "* -op".
 */
static void expect_xattr(struct batch *b, enum rows_id id, const char *expected)
{
	struct table t = table_read(b, id);
	char text[1000] = "", *p = text, *end = text + sizeof(text);

	for (int i = 0; i < t.rows; i++) {
		const struct cell *name = table_cell(&t, i, 1), *value = table_cell(&t, i, 2);
		ck_assert_int_eq(table_int(&t, i, 0), 40);
		p += snprintf(p, end - p, "%s%.*s", i ? ", " : "", name->data ? name->len : 1,
			name->data ? name->data : "*");
		if (id == ROWS_XATTR_CLOSE) {
			p += snprintf(p, end - p, " -%lu", (unsigned long)table_when(&t, i, 2));
			continue;
		}
		p += snprintf(p, end - p, "=%.*s %lu-", value->len, value->data,
			(unsigned long)table_when(&t, i, 3));
		if (id == ROWS_XATTR_HISTORY)
			p += snprintf(p, end - p, "%lu", (unsigned long)table_when(&t, i, 5));
	}
	ck_assert_str_eq(text, expected);
	free(t.cells);
}

static void expect_xattrs(
	struct batch *b, const char *close, const char *history, const char *insert)
{
	batch_finish(b);
	expect_xattr(b, ROWS_XATTR_CLOSE, close);
	expect_xattr(b, ROWS_XATTR_HISTORY, history);
	expect_xattr(b, ROWS_XATTR_INSERT, insert);
	batch_reset(b);
}

START_TEST(xattr_versions)
{
	struct batch *b = batch_new(3, 100);

	put_xattr(b, 20, CHANGE_NEW, "user.a", "one");
	put_xattr(b, 21, 0, "user.a", "");
	expect_xattrs(b, "", "user.a=one 20-21", "user.a= 21-");
	put_xattr(b, 22, 0, "user.a", "two");
	xattr_gone(b, 23, "user.a");
	put_xattr(b, 24, CHANGE_NEW, "user.a", "three");
	expect_xattrs(b, "user.a -22", "user.a=two 22-23", "user.a=three 24-");
	xattr_gone(b, 25, "user.a");
	expect_xattrs(b, "user.a -25", "", "");
	batch_free(b);
}
END_TEST

START_TEST(xattrs_end_with_the_inode)
{
	struct batch *b = batch_new(3, 100);

	put_xattr(b, 20, CHANGE_NEW, "user.new", "x");
	put_xattr(b, 21, 0, "user.old", "y");
	xattr_inode_gone(b, 22);
	expect_xattrs(b, "* -22, user.old -21", "user.new=x 20-22, user.old=y 21-22", "");
	batch_free(b);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, names);
	tcase_add_test(tc, renames);
	tcase_add_test(tc, names_are_distinct);
	tcase_add_test(tc, xattr_versions);
	tcase_add_test(tc, xattrs_end_with_the_inode);
}

int main(void)
{
	return suite_main("batch_name", add_tests);
}
