/* What a row of the database can be: single columns, rows, and random rows. */
#include <endian.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "answers.h"
#include "base/limits.h"
#include "db/row.h"
#include "suite.h"

/* The columns of an inode, which come first where there are so many. */
enum { INO, MODE, NLINK, UID, SIZE = 6, TARGET = 15, INODE_COLUMNS };

static bool of_inode(const char *types)
{
	return strlen(types) >= INODE_COLUMNS;
}

static void put(PGresult *res, int row, int column, const void *data, int len)
{
	char copy[10000];

	if (len > 0)
		memcpy(copy, data, (size_t)len);
	ck_assert(PQsetvalue(res, row, column, data ? copy : NULL, data ? len : -1));
}

static void put_text(PGresult *res, int row, int column, const char *text)
{
	put(res, row, column, text, (int)strlen(text));
}

static void put_int(PGresult *res, int row, int column, char type, int64_t v)
{
	uint64_t be = htobe64((uint64_t)v);
	int size = type - '0';

	put(res, row, column, (char *)&be + 8 - size, size);
}

/* A row that can be. */
static void put_row(PGresult *res, const char *types, int row)
{
	for (int i = 0; types[i]; i++) {
		int64_t v = i < INODE_COLUMNS && of_inode(types) ? 7 : 10 * (row + 1);
		char text[16];

		snprintf(text, sizeof(text), "name%d", row);
		if (types[i] == 'p')
			put(res, row, i, ".\0some\0name", 11);
		else if (types[i] == 'b' || types[i] == 't')
			put_text(res, row, i, text);
		else
			put_int(res, row, i, types[i], types[i] == '8' ? v : 1);
	}
	/* Of a tree. */
	if (types[0] == 'p') {
		put_int(res, row, 2, '4', S_IFREG | 0644);
		put(res, row, 9, NULL, 0);
	}
	if (of_inode(types)) {
		put_int(res, row, MODE, '4', S_IFREG | 0644);
		put(res, row, TARGET, NULL, 0);
	}
}

static PGresult *good_answer(const char *types, int rows)
{
	PGresult *res = answer_new(types);

	for (int row = 0; row < rows; row++)
		put_row(res, types, row);
	return res;
}

START_TEST(good_rows)
{
	struct error err = {0};

	for (size_t i = 0; i < ANSWERS; i++) {
		for (int rows = 0; rows < 3; rows++) {
			PGresult *res = good_answer(answers[i].types, rows);

			ck_assert(row_has_shape(answers[i].stmt));
			ck_assert_msg(row_check(answers[i].stmt, res, 5, &err), "%s: %s",
				statements[answers[i].stmt].name, err.text);
			PQclear(res);
		}
	}
	ck_assert(!row_has_shape(STMT_APPLY_OP));
}
END_TEST

/* Whether an answer of one row with this cell, of len bytes (-1: a null), passes; and says so. */
static bool passes(enum stmt stmt, int column, const void *data, int len, const char *says)
{
	struct error err = {0};
	const char *types = NULL;
	PGresult *res;
	bool ok;

	for (size_t i = 0; i < ANSWERS; i++)
		if (answers[i].stmt == stmt)
			types = answers[i].types;
	res = good_answer(types, 1);
	put(res, 0, column, len < 0 ? NULL : data, len);
	ok = row_check(stmt, res, 5, &err);
	ck_assert(ok || err.class == ERR_CORRUPT);
	ck_assert_msg(ok || strstr(err.text, says), "%s", err.text);
	PQclear(res);
	return ok;
}

static bool number_passes(enum stmt stmt, int column, int size, int64_t v, const char *says)
{
	uint64_t be = htobe64((uint64_t)v);

	return passes(stmt, column, (char *)&be + 8 - size, size, says);
}

START_TEST(numbers)
{
	enum stmt stmt = STMT_READ_INODE;

	ck_assert(number_passes(stmt, INO, 8, INO_MAX, ""));
	ck_assert(!number_passes(stmt, INO, 8, INO_MAX + 1, "ino 1099511627776"));
	ck_assert(!number_passes(stmt, INO, 8, 0, "ino 0"));
	ck_assert(!number_passes(
		stmt, UID, 8, -1, "inode 7: the database has an impossible value: uid -1"));
	ck_assert(!number_passes(stmt, UID, 8, UINT32_MAX, "uid"));
	ck_assert(number_passes(stmt, UID, 8, UINT32_MAX - 1, ""));
	ck_assert(number_passes(stmt, SIZE, 8, FILE_SIZE_MAX, ""));
	ck_assert(!number_passes(stmt, SIZE, 8, INT64_MAX, "size"));
	ck_assert(!number_passes(stmt, SIZE, 8, -1, "size -1"));
	ck_assert(!number_passes(stmt, SIZE, 4, 1, "a number of 4 bytes as size"));
	ck_assert(!passes(stmt, SIZE, "", 0, "a number of 0 bytes as size"));
	ck_assert(!passes(stmt, SIZE, NULL, -1, "no size"));
	ck_assert(number_passes(stmt, MODE, 4, S_IFDIR | 07777, ""));
	ck_assert(!number_passes(stmt, MODE, 4, 0644, "a mode of no known type"));
	ck_assert(!number_passes(stmt, MODE, 4, S_IFLNK | 0777, "without a target"));
	ck_assert(!number_passes(stmt, MODE, 4, S_IFREG | 1 << 20, "mode"));
	ck_assert(number_passes(stmt, NLINK, 4, 0, ""));
	/* What has a name is counted. */
	ck_assert(!number_passes(STMT_READ_DIRENT, NLINK, 4, 0, "nlink 0"));
	ck_assert(!number_passes(STMT_READ_DIRENT, 18, 8, 2, "cookie 2"));
	ck_assert(!number_passes(STMT_READ_EXTENTS, 1, 8, EXTENT_MAX + 1, "length"));
	ck_assert(!number_passes(STMT_READ_HOLES, 1, 8, 3, "a hole that ends before it begins"));
}
END_TEST

START_TEST(texts)
{
	static const char zeros[10000];
	char longest[10000];

	memset(longest, 'x', sizeof(longest));
	ck_assert(passes(STMT_READ_DIR, 17, longest, 255, ""));
	ck_assert(!passes(STMT_READ_DIR, 17, longest, 256,
		"inode 7: the database has an impossible value: name of 256 bytes"));
	ck_assert(!passes(STMT_READ_DIR, 17, longest, 3000, "3000"));
	ck_assert(!passes(STMT_READ_DIR, 17, "", 0, "name of 0 bytes"));
	ck_assert(!passes(STMT_READ_DIR, 17, NULL, -1, "no name"));
	ck_assert(!passes(STMT_READ_DIR, 17, ".", 1, "name"));
	ck_assert(!passes(STMT_READ_DIR, 17, "..", 2, "name"));
	ck_assert(passes(STMT_READ_DIR, 17, "...", 3, ""));
	ck_assert(!passes(STMT_READ_DIR, 17, "../x", 4, "name"));
	ck_assert(!passes(STMT_READ_DIR, 17, zeros, 3, "name"));
	ck_assert(!passes(STMT_READ_PAST_DIR, 19, longest, 3000, "3000"));
	ck_assert(!passes(STMT_READ_PAST_DIR, 19, NULL, -1, "no name"));
	ck_assert(!passes(STMT_READ_PAST_NAMES, 0, longest, 3000, "3000"));
	ck_assert(!passes(STMT_READ_INODE, TARGET, "x", 1, "of what is not a symbolic link"));
	ck_assert(!passes(STMT_READ_INODE, TARGET, longest, 9000, "target of 9000 bytes"));
	ck_assert(!passes(STMT_READ_DATA, 1, longest, -1, "no bytes"));
	ck_assert(passes(STMT_READ_XATTRS, 0, longest, 255, ""));
	ck_assert(!passes(STMT_READ_XATTRS, 0, longest, 256, "inode 5"));
	ck_assert(!passes(STMT_READ_XATTRS, 0, zeros, 5, "attribute"));
	ck_assert(passes(STMT_COMMAND_TREE, 0, ".", 1, ""));
	ck_assert(passes(STMT_COMMAND_TREE, 0, ".\0...", 5, ""));
	ck_assert(!passes(STMT_COMMAND_TREE, 0, "x", 1, "name"));
	ck_assert(!passes(STMT_COMMAND_TREE, 0, ".\0", 2, "name"));
	ck_assert(!passes(STMT_COMMAND_TREE, 0, ".\0a\0..", 6, "name"));
	ck_assert(!passes(STMT_COMMAND_TREE, 0, ".\0../../x", 9, "name"));
	ck_assert(!passes(STMT_COMMAND_TREE, 0, longest, 9000, "name"));
}
END_TEST

START_TEST(rows_together)
{
	PGresult *res = good_answer("844888888888448b8b88", 2);
	struct error err = {0};

	put_int(res, 1, 18, '8', 10);
	ck_assert(row_check(STMT_READ_DIRENT, res, 5, &err));
	ck_assert(!row_check(STMT_READ_DIR, res, 5, &err));
	ck_assert_msg(strstr(err.text, "two names with the same cookie"), "%s", err.text);
	PQclear(res);
	res = good_answer("88888", 2);
	put_int(res, 0, 1, '8', 11);
	ck_assert(!row_check(STMT_READ_EXTENTS, res, 5, &err));
	ck_assert_msg(strstr(err.text, "overlap"), "%s", err.text);
	PQclear(res);
	/* Another statement's columns, and text in place of binary. */
	res = good_answer("88", 1);
	ck_assert(!row_check(STMT_READ_EXTENTS, res, 5, &err));
	ck_assert(!row_check(STMT_READ_XATTRS, res, 5, &err));
	PQclear(res);
	res = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	ck_assert(!row_check(STMT_READ_SIZE, res, 0, &err));
	PQclear(res);
}
END_TEST

/* --- random rows --- */

/* Something that cannot be, perhaps. */
static void spoil(struct rng *rng, PGresult *res, const char *types, int rows)
{
	static const int64_t extremes[] = {INT64_MIN, -1, 0, 1, 2, 4096, INT32_MAX, UINT32_MAX,
		INO_MAX, INO_MAX + 1, INT64_C(1) << 62, FILE_SIZE_MAX, INT64_MAX};
	static const int lengths[] = {0, 1, 2, 255, 256, 3000, 4095, 4096, 9000};
	int row = (int)rng_below(rng, (uint64_t)rows);
	int column = (int)rng_below(rng, strlen(types));
	char bytes[10000];

	memset(bytes, "x./"[rng_below(rng, 3)], sizeof(bytes));
	switch (rng_below(rng, 4)) {
	case 0:
		put(res, row, column, NULL, 0);
		break;
	case 1:
		rng_fill(rng, bytes, 16);
		put(res, row, column, bytes, (int)rng_below(rng, 10));
		break;
	case 2:
		put(res, row, column, bytes, lengths[rng_below(rng, 9)]);
		break;
	default:
		put_int(res, row, column, types[column] < '9' ? types[column] : '8',
			extremes[rng_below(rng, 13)]);
	}
}

/* Does with a row what the operations do, who have room for what can be and no more. */
static void use(const char *types, const PGresult *res, int row)
{
	for (int i = 0; types[i]; i++) {
		struct bytes b = row_bytes(res, row, i);
		bool link = of_inode(types) && i == TARGET;
		/* Bytes at the end are those of a file. */
		bool name = of_inode(types) && types[i] == 'b' && types[i + 1];
		char room[TARGET_MAX_BYTES + 1];

		if (types[i] == '2' || types[i] == '4' || types[i] == '8')
			ck_assert(PQgetisnull(res, row, i) || b.len == (uint32_t)types[i] - '0');
		/* Which asserts that it has a number's length. */
		if (types[i] < '9')
			row_int(res, row, i);
		if (link || name) {
			ck_assert_uint_le(b.len, link ? TARGET_MAX_BYTES : NAME_MAX_BYTES);
			memcpy(room, b.data, b.len);
			room[b.len] = '\0';
			ck_assert_uint_eq(strlen(room), b.len);
			ck_assert(link || !strchr(room, '/'));
			ck_assert(link || (strcmp(room, ".") && strcmp(room, "..")));
		}
	}
	if (of_inode(types) && !PQgetisnull(res, row, 0)) {
		mode_t mode = (mode_t)row_int(res, row, MODE);

		ck_assert(row_int(res, row, INO) > 0 && row_int(res, row, INO) <= INO_MAX);
		ck_assert(row_int(res, row, SIZE) >= 0);
		ck_assert_int_eq(S_ISLNK(mode), !PQgetisnull(res, row, TARGET));
	}
}

START_TEST(random_rows)
{
	struct rng rng = {(uint64_t)_i + 1};
	int passed = 0, refused = 0;

	for (int n = 0; n < 4000; n++) {
		size_t a = rng_below(&rng, ANSWERS);
		const char *types = answers[a].types;
		int rows = 1 + (int)rng_below(&rng, 4);
		PGresult *res = good_answer(types, rows);
		struct error err = {0};

		for (uint64_t i = rng_below(&rng, 3); i > 0; i--)
			spoil(&rng, res, types, rows);
		if (row_check(answers[a].stmt, res, 5, &err)) {
			passed++;
			for (int row = 0; row < rows; row++)
				use(types, res, row);
		} else {
			refused++;
			ck_assert_int_eq(err.class, ERR_CORRUPT);
			ck_assert(*err.text);
		}
		PQclear(res);
	}
	ck_assert_int_gt(passed, 500);
	ck_assert_int_gt(refused, 500);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, good_rows);
	tcase_add_test(tc, numbers);
	tcase_add_test(tc, texts);
	tcase_add_test(tc, rows_together);
	tcase_add_loop_test(tc, random_rows, 0, 4);
}

int main(void)
{
	return suite_main("row", add_tests);
}
