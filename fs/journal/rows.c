#include "journal/rows.h"

#include <assert.h>
#include <string.h>

/* o boolean, 2 int2, 4 int4, 8 int8, t timestamptz, b bytea, x text: the parameters of each
 * statement. */
static const struct {
	enum stmt stmt;
	const char *columns;
	bool history;
	enum stmt copy; /* a COPY of the same columns; 0: none */
	enum stmt one;  /* takes one row; 0: none */
} layout[ROWS_COUNT] = {
	[ROWS_ACTOR] = {STMT_APPLY_ACTOR,
		"8xx48488"
		"8xxxxx"
		"4xxxxx2",
		true},
	[ROWS_OP] = {STMT_APPLY_OP, "8t288b8b8884xo", true, STMT_COPY_OP, STMT_APPLY_OP_ONE},
	[ROWS_CLOCK_STEP] = {STMT_APPLY_CLOCK_STEP, "8t", true},
	[ROWS_BLOB] = {STMT_APPLY_BLOB, "8b", false, STMT_COPY_BLOB, STMT_APPLY_BLOB_ONE},
	[ROWS_ATIME] = {STMT_APPLY_ATIME, "88"},
	[ROWS_INODE_CLOSE] = {STMT_APPLY_INODE_CLOSE, "88t", true,
		.one = STMT_APPLY_INODE_CLOSE_ONE},
	[ROWS_INODE_HISTORY] = {STMT_APPLY_INODE_HISTORY, "844888888888448b8t8t", true,
		STMT_COPY_INODE_HISTORY, STMT_APPLY_INODE_HISTORY_ONE},
	[ROWS_INODE_DELETE] = {STMT_APPLY_INODE_DELETE, "8"},
	[ROWS_INODE_UPDATE] = {STMT_APPLY_INODE_UPDATE, "844888888888448b8t",
		.one = STMT_APPLY_INODE_UPDATE_ONE},
	[ROWS_INODE_INSERT] = {STMT_APPLY_INODE_INSERT, "844888888888448b8t", false,
		STMT_COPY_INODE, STMT_APPLY_INODE_INSERT_ONE},
	[ROWS_DIRENT_CLOSE] = {STMT_APPLY_DIRENT_CLOSE, "8b8t", .one = STMT_APPLY_DIRENT_CLOSE_ONE},
	[ROWS_DIRENT_HISTORY] = {STMT_APPLY_DIRENT_HISTORY, "8b888t8t", true,
		STMT_COPY_DIRENT_HISTORY},
	[ROWS_DIRENT_INSERT] = {STMT_APPLY_DIRENT_INSERT, "8b888t", false, STMT_COPY_DIRENT,
		STMT_APPLY_DIRENT_INSERT_ONE},
	[ROWS_XATTR_CLOSE] = {STMT_APPLY_XATTR_CLOSE, "8b8t"},
	[ROWS_XATTR_HISTORY] = {STMT_APPLY_XATTR_HISTORY, "8bb8t8t", true},
	[ROWS_XATTR_INSERT] = {STMT_APPLY_XATTR_INSERT, "8bb8t"},
	[ROWS_EXTENT_CLOSE] = {STMT_APPLY_EXTENT_CLOSE, "88", .one = STMT_APPLY_EXTENT_CLOSE_ONE},
	[ROWS_EXTENT_CUT] = {STMT_APPLY_EXTENT_CUT, "8888", .one = STMT_APPLY_EXTENT_CUT_ONE},
	[ROWS_EXTENT_HISTORY] = {STMT_APPLY_EXTENT_HISTORY, "8888888", true,
		STMT_COPY_EXTENT_HISTORY},
	[ROWS_EXTENT_INSERT] = {STMT_APPLY_EXTENT_INSERT, "888888", false, STMT_COPY_EXTENT,
		STMT_APPLY_EXTENT_INSERT_ONE},
};

static enum array_type column_type(char c)
{
	switch (c) {
	case 'o':
		return ARRAY_BOOL;
	case '2':
		return ARRAY_INT2;
	case '4':
		return ARRAY_INT4;
	case '8':
		return ARRAY_INT8;
	case 't':
		return ARRAY_TIMESTAMPTZ;
	case 'b':
		return ARRAY_BYTEA;
	}
	return ARRAY_TEXT;
}

static struct array *next_column(struct rows *r)
{
	struct array *a = &r->column[r->next];
	r->next = (r->next + 1) % r->columns;
	return a;
}

void rows_int(struct rows *r, int64_t v)
{
	array_add_int(next_column(r), v);
}

void rows_int_or_null(struct rows *r, int64_t v, int64_t null)
{
	struct array *a = next_column(r);
	if (v == null)
		array_add_null(a);
	else
		array_add_int(a, v);
}

void rows_time(struct rows *r, int64_t us)
{
	array_add_time(next_column(r), us);
}

void rows_bytes(struct rows *r, struct bytes b)
{
	array_add_bytes(next_column(r), b.data, b.len);
}

void rows_bytes_or_null(struct rows *r, struct bytes b)
{
	struct array *a = next_column(r);
	if (b.len)
		array_add_bytes(a, b.data, b.len);
	else
		array_add_null(a);
}

void rows_when(struct rows *r, struct when w)
{
	rows_int(r, (int64_t)w.op);
	rows_time(r, w.at);
}

char *rows_room(struct rows *r, size_t len)
{
	return array_add_room(next_column(r), len);
}

void rows_init(struct rows all[ROWS_COUNT])
{
	for (int i = 0; i < ROWS_COUNT; i++) {
		struct rows *r = &all[i];

		r->columns = (int)strlen(layout[i].columns);
		r->next = 0;
		assert(r->columns <= ROWS_MAX_COLUMNS);
		for (int j = 0; j < r->columns; j++)
			array_init(&r->column[j], column_type(layout[i].columns[j]));
	}
}

void rows_reset(struct rows all[ROWS_COUNT])
{
	for (int i = 0; i < ROWS_COUNT; i++)
		for (int j = 0; j < all[i].columns; j++)
			array_reset(&all[i].column[j]);
}

void rows_free(struct rows all[ROWS_COUNT])
{
	for (int i = 0; i < ROWS_COUNT; i++)
		for (int j = 0; j < all[i].columns; j++)
			array_free(&all[i].column[j]);
}

enum stmt rows_statement(enum rows_id id)
{
	return layout[id].stmt;
}

enum stmt rows_copy(enum rows_id id)
{
	return layout[id].copy;
}

enum stmt rows_one(enum rows_id id)
{
	return layout[id].one;
}

bool rows_are_history(enum rows_id id)
{
	return layout[id].history;
}
