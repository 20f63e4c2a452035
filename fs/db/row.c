#include "db/row.h"

#include <assert.h>
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/path.h"
#include "db/conn.h"

/* Types by their OIDs: src/include/catalog/pg_type.dat. */
enum row_type { INT2 = 21, INT4 = 23, INT8 = 20, TEXT = 25, BYTEA = 17 };

/* Whether a column may be null. */
enum row_null {
	NEVER,
	MAYBE,
	WITH_FIRST, /* it is where the first column is, and nowhere else */
	AS_FIRST,   /* it may be where the first column is, and nowhere else */
};

/* The bytes that TEXT and BYTEA can have. */
enum row_bytes { ANY, NO_ZERO, NAME, PATH };

struct column {
	const char *name;
	enum row_type type;
	enum row_null null;
	int64_t min, max; /* of the number, or of the bytes that there are */
	enum row_bytes bytes;
};

#define MAX_COLUMNS 21

/* The shape that the rows of a statement have. */
struct shape {
	struct column column[MAX_COLUMNS];
	/* Also looks at what no column says by itself, with the row before it, -1: none. Returns
	 * what is wrong, or NULL. */
	const char *(*also)(const PGresult *res, int row, int before);
	bool about; /* the statement's first parameter is an inode number */
};

/* The first columns of every statement that reads inodes, now or then. */
enum { INODE_INO, INODE_MODE, INODE_NLINK, INODE_TARGET = 15 };
#define INODE(null, nlink_min)                                                                     \
	{"ino", INT8, null, 1, INO_MAX, 0}, {"mode", INT4, null, 0, 0177777, 0},                   \
		{"nlink", INT4, null, nlink_min, LINKS_MAX, 0}, {"uid", INT8, null, 0, ID_MAX, 0}, \
		{"gid", INT8, null, 0, ID_MAX, 0}, {"rdev", INT8, null, 0, UINT32_MAX, 0},         \
		{"size", INT8, null, 0, FILE_SIZE_MAX, 0},                                         \
		{"allocated", INT8, null, 0, FILE_SIZE_MAX, 0},                                    \
		{"atime", INT8, null, INT64_MIN, INT64_MAX, 0},                                    \
		{"mtime", INT8, null, INT64_MIN, INT64_MAX, 0},                                    \
		{"ctime", INT8, null, INT64_MIN, INT64_MAX, 0},                                    \
		{"btime", INT8, null, INT64_MIN, INT64_MAX, 0},                                    \
		{"flags", INT4, null, INT32_MIN, INT32_MAX, 0},                                    \
		{"xattrs", INT4, null, 0, INT32_MAX, 0},                                           \
		{"project", INT8, null, 0, UINT32_MAX, 0},                                         \
	{                                                                                          \
		"target", BYTEA, MAYBE, 1, TARGET_MAX_BYTES, NO_ZERO                               \
	}
#define GUARD                                                                                      \
	{"stricter", INT4, NEVER, 0, 1, 0}, {"guard", TEXT, MAYBE, 0, INT32_MAX, ANY},             \
	{                                                                                          \
		"owner", INT8, MAYBE, 0, ID_MAX, 0                                                 \
	}

/* Checks that the type of a file and its target go together. */
static const char *check_kind(mode_t mode, bool target)
{
	switch (mode & S_IFMT) {
	case S_IFLNK:
		return target ? NULL : "a symbolic link without a target";
	case S_IFREG:
	case S_IFDIR:
	case S_IFIFO:
	case S_IFSOCK:
	case S_IFCHR:
	case S_IFBLK:
		return target ? "a target of what is not a symbolic link" : NULL;
	}
	return "a mode of no known type";
}

static const char *inode_also(const PGresult *res, int row, int before)
{
	if (PQgetisnull(res, row, INODE_INO))
		return NULL;
	return check_kind(
		(mode_t)row_int(res, row, INODE_MODE), !PQgetisnull(res, row, INODE_TARGET));
}

/* Columns of command_tree. */
#define TREE_MODE   2
#define TREE_TARGET 9

static const char *tree_also(const PGresult *res, int row, int before)
{
	return check_kind(
		(mode_t)row_int(res, row, TREE_MODE), !PQgetisnull(res, row, TREE_TARGET));
}

/* Listings go on after the cookie of a name. */
#define COL_COOKIE      18
#define COL_PAST_COOKIE 20

static const char *listing_also(const PGresult *res, int row, int before)
{
	if (before >= 0 && row_int(res, row, COL_COOKIE) <= row_int(res, before, COL_COOKIE))
		return "two names with the same cookie";
	return inode_also(res, row, before);
}

static const char *past_listing_also(const PGresult *res, int row, int before)
{
	if (before >= 0 &&
		row_int(res, row, COL_PAST_COOKIE) <= row_int(res, before, COL_PAST_COOKIE))
		return "two names with the same cookie";
	return inode_also(res, row, before);
}

static const char *extents_also(const PGresult *res, int row, int before)
{
	if (before >= 0 && row_int(res, row, 0) < row_int(res, before, 0) + row_int(res, before, 1))
		return "extents that overlap";
	return NULL;
}

/* Columns of bytes, after those that are the same for all bytes of a file. */
static const char *bytes_also(const PGresult *res, int row, int before, int column)
{
	if (row_int(res, row, column) <
		row_int(res, before, column) + PQgetlength(res, before, column + 1))
		return "extents that overlap";
	return NULL;
}

static const char *data_also(const PGresult *res, int row, int before)
{
	return before >= 0 ? bytes_also(res, row, before, 0) : NULL;
}

static const char *files_also(const PGresult *res, int row, int before)
{
	return before >= 0 && row_int(res, row, 0) == row_int(res, before, 0)
		       ? bytes_also(res, row, before, 1)
		       : NULL;
}

static const char *places_also(const PGresult *res, int row, int before)
{
	return before >= 0 && row_int(res, row, 0) < row_int(res, before, 0)
		       ? "ranges that are not in their order"
		       : files_also(res, row, before);
}

static const char *holes_also(const PGresult *res, int row, int before)
{
	bool bounded = !PQgetisnull(res, row, 0) && !PQgetisnull(res, row, 1);

	return bounded && row_int(res, row, 0) > row_int(res, row, 1)
		       ? "a hole that ends before it begins"
		       : NULL;
}

static const char *ranges_also(const PGresult *res, int row, int before)
{
	if (row_int(res, row, 0) >= row_int(res, row, 1))
		return "a range that ends before it begins";
	if (before >= 0 && row_int(res, row, 0) < row_int(res, before, 1))
		return "extents that overlap";
	return NULL;
}

static const struct shape shapes[STMT_COUNT] = {
	[STMT_READ_INODE] = {{INODE(NEVER, 0), {"parent", INT8, MAYBE, 1, INO_MAX, 0},
				     {"gone", INT4, NEVER, 0, 1, 0},
				     {"bytes of attributes", INT8, NEVER, 0, INT64_MAX, 0}},
		inode_also, true},
	[STMT_READ_DIRENT] = {{INODE(NEVER, 1), {"parent", INT8, NEVER, 1, INO_MAX, 0},
				      {"name", BYTEA, NEVER, 1, NAME_MAX_BYTES, NAME},
				      {"cookie", INT8, NEVER, COOKIE_MIN, INT64_MAX, 0},
				      {"bytes of attributes", INT8, NEVER, 0, INT64_MAX, 0}},
		inode_also, true},
	[STMT_READ_DIR] = {{INODE(NEVER, 1), {"parent", INT8, NEVER, 1, INO_MAX, 0},
				   {"name", BYTEA, NEVER, 1, NAME_MAX_BYTES, NAME},
				   {"cookie", INT8, NEVER, COOKIE_MIN, INT64_MAX, 0},
				   {"bytes of attributes", INT8, NEVER, 0, INT64_MAX, 0}},
		listing_also, true},
	[STMT_READ_ORPHANS] = {{INODE(NEVER, 0)}, inode_also, false},
	[STMT_READ_DATA] = {{{"offset", INT8, NEVER, 0, FILE_SIZE_MAX, 0},
				    {"bytes", BYTEA, NEVER, 0, EXTENT_MAX, ANY}},
		data_also, true},
	[STMT_READ_RANGES] = {{{"place", INT8, NEVER, 1, READ_RANGES_MAX, 0},
				      {"offset", INT8, NEVER, 0, FILE_SIZE_MAX, 0},
				      {"bytes", BYTEA, NEVER, 0, EXTENT_MAX, ANY}},
		places_also, false},
	[STMT_READ_FILES] =
		{{{"ino", INT8, NEVER, 1, INO_MAX, 0}, {"offset", INT8, NEVER, 0, FILE_SIZE_MAX, 0},
			 {"bytes", BYTEA, NEVER, 0, EXTENT_MAX, ANY}},
			files_also, false},
	[STMT_READ_HOLES] =
		{{{"begin", INT8, NEVER, 0, INT64_MAX, 0}, {"end", INT8, MAYBE, 0, INT64_MAX, 0}},
			holes_also, true},
	[STMT_READ_EXTENTS] = {{{"offset", INT8, NEVER, 0, FILE_SIZE_MAX, 0},
				       {"length", INT8, NEVER, 1, EXTENT_MAX, 0},
				       {"blob", INT8, NEVER, 1, INT64_MAX, 0},
				       {"offset in the blob", INT8, NEVER, 0, EXTENT_MAX, 0},
				       {"op", INT8, NEVER, 1, INT64_MAX, 0}},
		extents_also, true},
	[STMT_READ_SIZE] = {{{"size", INT8, NEVER, 0, INT64_MAX, 0},
				    {"next_ino", INT8, NEVER, 1, INT64_MAX, 0}},
		NULL, false},
	[STMT_READ_XATTR] = {{{"attribute's value", BYTEA, NEVER, 0, XATTR_VALUE_MAX_BYTES, ANY}},
		NULL, true},
	[STMT_READ_XATTRS] =
		{{{"attribute's name", BYTEA, NEVER, 1, XATTR_NAME_MAX_BYTES, NO_ZERO},
			 {"attribute's value", BYTEA, MAYBE, 0, XATTR_VALUE_MAX_BYTES, ANY},
			 {"attribute's length", INT4, NEVER, 0, XATTR_VALUE_MAX_BYTES, 0}},
			NULL, true},
	[STMT_READ_PAST_INSTANT] =
		{{{"op", INT8, MAYBE, 1, INT64_MAX, 0}, {"kind", INT4, NEVER, 0, 2, 0}}, NULL,
			false},
	[STMT_READ_PAST_INODE] = {{INODE(NEVER, 0)}, inode_also, true},
	[STMT_READ_PAST_OPEN] =
		{{INODE(NEVER, 0), GUARD, {"bytes", BYTEA, MAYBE, 0, EXTENT_MAX, ANY}}, inode_also,
			true},
	[STMT_READ_PAST_DIRENT] =
		{{INODE(WITH_FIRST, 0), GUARD, {"name's inode", INT8, AS_FIRST, 1, INO_MAX, 0}},
			inode_also, true},
	[STMT_READ_PAST_DIR] =
		{{INODE(WITH_FIRST, 0), GUARD, {"name", BYTEA, AS_FIRST, 1, NAME_MAX_BYTES, NAME},
			 {"cookie", INT8, AS_FIRST, COOKIE_MIN, INT64_MAX, 0}},
			past_listing_also, true},
	[STMT_READ_PAST_DATA] = {{{"bytes", BYTEA, MAYBE, 0, INT32_MAX, ANY}}, NULL, true},
	[STMT_READ_PAST_HOLES] =
		{{{"begin", INT8, MAYBE, 0, INT64_MAX, 0}, {"end", INT8, MAYBE, 0, INT64_MAX, 0},
			 {"size", INT8, NEVER, 0, FILE_SIZE_MAX, 0}},
			holes_also, true},
	[STMT_READ_PAST_XATTRS] =
		{{{"guard", TEXT, MAYBE, 0, INT32_MAX, ANY},
			 {"attribute's name", BYTEA, MAYBE, 1, XATTR_NAME_MAX_BYTES, NO_ZERO},
			 {"attribute's value", BYTEA, MAYBE, 0, XATTR_VALUE_MAX_BYTES, ANY}},
			NULL, true},
	[STMT_READ_PAST_NAMES] = {{{"name", BYTEA, NEVER, 1, NAME_MAX_BYTES, NAME},
					  {"op", INT8, NEVER, 1, INT64_MAX, 0}},
		NULL, false},
	[STMT_COMMAND_TREE] =
		{{{"name", BYTEA, NEVER, 1, INT32_MAX, PATH}, {"ino", INT8, NEVER, 1, INO_MAX, 0},
			 {"mode", INT4, NEVER, 0, 0177777, 0},
			 {"nlink", INT4, NEVER, 0, LINKS_MAX, 0},
			 {"uid", INT8, NEVER, 0, ID_MAX, 0}, {"gid", INT8, NEVER, 0, ID_MAX, 0},
			 {"rdev", INT8, NEVER, 0, UINT32_MAX, 0},
			 {"size", INT8, NEVER, 0, FILE_SIZE_MAX, 0},
			 {"mtime", INT8, NEVER, INT64_MIN, INT64_MAX, 0},
			 {"target", BYTEA, MAYBE, 1, TARGET_MAX_BYTES, NO_ZERO},
			 {"xattrs", INT4, NEVER, 0, INT32_MAX, 0}},
			tree_also, false},
	[STMT_COMMAND_DATA] = {{{"begin", INT8, NEVER, 0, FILE_SIZE_MAX, 0},
				       {"end", INT8, NEVER, 1, INT64_MAX, 0}},
		ranges_also, false},
	[STMT_COMMAND_XATTRS] =
		{{{"attribute's name", BYTEA, NEVER, 1, XATTR_NAME_MAX_BYTES, NO_ZERO},
			 {"attribute's value", BYTEA, NEVER, 0, XATTR_VALUE_MAX_BYTES, ANY}},
			NULL, true},
	[STMT_QUOTA_READ] = {{{"kind", INT2, NEVER, 0, 2, 0}, {"id", INT8, NEVER, 0, UINT32_MAX, 0},
				     {"limit of bytes", INT8, MAYBE, 0, INT64_MAX, 0},
				     {"limit of inodes", INT8, MAYBE, 0, INT64_MAX, 0},
				     {"bytes", INT8, NEVER, 0, INT64_MAX, 0},
				     {"inodes", INT8, NEVER, 0, INT64_MAX, 0},
				     {"limit of the past", INT8, MAYBE, 0, INT64_MAX, 0},
				     {"bytes of the past", INT8, NEVER, 0, INT64_MAX, 0}},
		NULL, false},
};

bool row_is_of_inode(enum stmt stmt)
{
	return shapes[stmt].about;
}

bool row_has_shape(enum stmt stmt)
{
	return shapes[stmt].column[0].name != NULL;
}

/* --- columns --- */

int64_t row_int(const PGresult *res, int row, int column)
{
	const char *p = PQgetvalue(res, row, column);
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;

	if (PQgetisnull(res, row, column))
		return 0;
	switch (PQgetlength(res, row, column)) {
	case 8:
		memcpy(&v64, p, 8);
		return (int64_t)be64toh(v64);
	case 4:
		memcpy(&v32, p, 4);
		return (int32_t)be32toh(v32);
	case 2:
		memcpy(&v16, p, 2);
		return (int16_t)be16toh(v16);
	}
	assert(!"an integer column");
	return 0;
}

struct bytes row_bytes(const PGresult *res, int row, int column)
{
	return (struct bytes){
		PQgetvalue(res, row, column), (uint32_t)PQgetlength(res, row, column)};
}

static int type_size(enum row_type type)
{
	return type == INT8 ? 8 : type == INT4 ? 4 : type == INT2 ? 2 : 0;
}

static bool may_be_null(const PGresult *res, int row, int column, enum row_null null)
{
	switch (null) {
	case NEVER:
		return false;
	case MAYBE:
		return true;
	default:
		return column == 0 || PQgetisnull(res, row, 0);
	}
}

/* Returns whether this is a path of thule_internal.tree_at_op: a dot, and then names with a zero
 * byte before each. */
static bool is_path(const char *p, size_t len)
{
	const char *end = p + len, *next;

	for (bool first = true; p <= end; p = next + 1, first = false) {
		next = memchr(p, '\0', (size_t)(end - p));
		next = next ? next : end;
		if (first ? next - p != 1 || *p != '.'
			  : next == p || next - p > NAME_MAX_BYTES ||
					!path_is_name(p, (size_t)(next - p)))
			return false;
	}
	return true;
}

static bool bytes_fit(enum row_bytes kind, const char *p, size_t len)
{
	switch (kind) {
	case ANY:
		return true;
	case NO_ZERO:
		return !memchr(p, '\0', len);
	case NAME:
		return path_is_name(p, len);
	case PATH:
		return is_path(p, len);
	}
	return false;
}

/* --- rows --- */

static bool refuse(uint64_t about, struct error *err, const char *what)
{
	if (!about)
		return error_set(
			err, ERR_CORRUPT, "the database has an impossible value: %s", what);
	return error_set(err, ERR_CORRUPT,
		"inode %" PRIu64
		": the database has an impossible value: %s; `thule fsck` lists all faults",
		about, what);
}

static bool check_cell(const struct column *c, const PGresult *res, int row, int column,
	uint64_t about, struct error *err)
{
	int size = type_size(c->type), len = PQgetlength(res, row, column);
	char what[160];
	int64_t v;

	if (PQgetisnull(res, row, column)) {
		if (may_be_null(res, row, column, c->null))
			return true;
		snprintf(what, sizeof(what), "no %s", c->name);
		return refuse(about, err, what);
	}
	if (c->null == WITH_FIRST && PQgetisnull(res, row, 0)) {
		snprintf(what, sizeof(what), "%s of no inode", c->name);
		return refuse(about, err, what);
	}
	if (size && len != size) {
		snprintf(what, sizeof(what), "a number of %d bytes as %s", len, c->name);
		return refuse(about, err, what);
	}
	v = size ? row_int(res, row, column) : len;
	if (v < c->min || v > c->max) {
		snprintf(what, sizeof(what), size ? "%s %" PRId64 : "%s of %" PRId64 " bytes",
			c->name, v);
		return refuse(about, err, what);
	}
	if (!size && !bytes_fit(c->bytes, PQgetvalue(res, row, column), (size_t)len)) {
		snprintf(what, sizeof(what), "%s that is none", c->name);
		return refuse(about, err, what);
	}
	return true;
}

/*
 * Returns the inode that a row is about: its own if it says one, else the one that was asked about.
 */
static uint64_t row_about(const struct shape *s, const PGresult *res, int row, uint64_t about)
{
	int i = 0;

	while (i < MAX_COLUMNS && s->column[i].name && strcmp(s->column[i].name, "ino"))
		i++;
	if (i == MAX_COLUMNS || !s->column[i].name || PQgetisnull(res, row, i) ||
		PQgetlength(res, row, i) != 8)
		return about;
	return (uint64_t)row_int(res, row, i);
}

static bool check_row(
	const struct shape *s, const PGresult *res, int row, uint64_t about, struct error *err)
{
	const char *wrong = NULL;

	about = row_about(s, res, row, about);
	for (int i = 0; i < MAX_COLUMNS && s->column[i].name; i++)
		if (!check_cell(&s->column[i], res, row, i, about, err))
			return false;
	if (s->also)
		wrong = s->also(res, row, row - 1);
	return !wrong || refuse(about, err, wrong);
}

static bool check_columns(const struct shape *s, const PGresult *res, struct error *err)
{
	int n = 0;

	while (n < MAX_COLUMNS && s->column[n].name)
		n++;
	if (PQnfields(res) != n)
		return error_set(err, ERR_CORRUPT,
			"the database answered with %d columns in place of %d", PQnfields(res), n);
	for (int i = 0; i < n; i++)
		if (PQftype(res, i) != (Oid)s->column[i].type || PQfformat(res, i) != 1)
			return error_set(err, ERR_CORRUPT,
				"the database answered with another type of column for %s",
				s->column[i].name);
	return true;
}

bool row_check(enum stmt stmt, const PGresult *res, uint64_t about, struct error *err)
{
	const struct shape *s = &shapes[stmt];
	int rows = PQntuples(res);

	assert(row_has_shape(stmt));
	if (!check_columns(s, res, err))
		return false;
	for (int row = 0; row < rows; row++)
		if (!check_row(s, res, row, s->about ? about : 0, err))
			return false;
	return true;
}

bool row_check_one(enum stmt stmt, const PGresult *res, int row, struct error *err)
{
	return check_row(&shapes[stmt], res, row, 0, err);
}

bool row_check_columns(enum stmt stmt, const PGresult *res, struct error *err)
{
	return check_columns(&shapes[stmt], res, err);
}

PGresult *row_query(
	PGconn *conn, enum stmt stmt, int nparams, const char *const *params, struct error *err)
{
	PGresult *res =
		PQexecParams(conn, statements[stmt].text, nparams, NULL, params, NULL, NULL, 1);

	assert(row_has_shape(stmt));
	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		db_error(conn, res, statements[stmt].name, err);
	else if (check_columns(&shapes[stmt], res, err))
		return res;
	PQclear(res);
	return NULL;
}
