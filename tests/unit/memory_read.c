/* What the database in memory answers to the statements of sql/statements/read_*.sql. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "db/array.h"
#include "memory_store.h"

enum { INT4 = 23, INT8 = 20, BYTEA = 17 };

/* Columns of rows: as batches write them. */
enum { INODE_MODE = 1, INODE_XATTRS = 13, INODE_COLUMNS = 16 };
enum { DIRENT_PARENT, DIRENT_NAME, DIRENT_INO, DIRENT_COOKIE };
enum { XATTR_INO, XATTR_NAME, XATTR_VALUE };
enum { EXTENT_INO, EXTENT_OFF, EXTENT_LEN, EXTENT_BLOB, EXTENT_BLOB_OFF, EXTENT_OP };

#define INODE_TYPES "844888888888448b"

/* Returns an answer without rows whose columns have these types: 4, 8 or b. */
static PGresult *answer_new(const char *types)
{
	PGresult *res = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc columns[24] = {0};
	int count = (int)strlen(types);

	for (int i = 0; i < count; i++) {
		columns[i].name = (char *)"column";
		columns[i].format = 1;
		columns[i].typid = types[i] == '8' ? INT8 : types[i] == '4' ? INT4 : BYTEA;
		columns[i].typlen = types[i] == '8' ? 8 : types[i] == '4' ? 4 : -1;
		columns[i].atttypmod = -1;
	}
	PQsetResultAttrs(res, count, columns);
	return res;
}

static void put_bytes(PGresult *res, int row, int column, const char *data, int len)
{
	/* A value without bytes needs an address: NULL stands for null. */
	PQsetvalue(res, row, column, len == 0 ? (char *)"" : (char *)data, len);
}

static void put_null(PGresult *res, int row, int column)
{
	PQsetvalue(res, row, column, NULL, -1);
}

static void put_int(PGresult *res, int row, int column, int64_t v)
{
	uint64_t be64 = htobe64((uint64_t)v);
	uint32_t be32 = htobe32((uint32_t)v);

	if (PQftype(res, column) == INT8)
		put_bytes(res, row, column, (const char *)&be64, sizeof(be64));
	else
		put_bytes(res, row, column, (const char *)&be32, sizeof(be32));
}

static void put_cell(PGresult *res, int row, int column, const struct cell *c)
{
	if (c->len < 0)
		put_null(res, row, column);
	else
		put_bytes(res, row, column, c->data, c->len);
}

static void put_inode(PGresult *res, int row, const struct row *inode)
{
	for (int i = 0; i < INODE_COLUMNS; i++)
		put_cell(res, row, i, &inode->cell[i]);
}

static int64_t number(const struct row *r, int column)
{
	return cell_int(r->cell[column].data, r->cell[column].len);
}

static int64_t param(const struct database_call *call, int i)
{
	return cell_int(call->values[i], call->lengths[i]);
}

static struct row *find_inode(const struct store *s, const struct cell *ino)
{
	return store_find(s, MEMORY_INODE, ino, 1);
}

static int64_t xattr_bytes(const struct store *s, int64_t ino)
{
	int64_t sum = 0;

	for (const struct row *x = s->table[MEMORY_XATTR]; x; x = x->hh.next)
		if (number(x, XATTR_INO) == ino)
			sum += x->cell[XATTR_NAME].len + x->cell[XATTR_VALUE].len;
	return sum;
}

static const struct row *parent_of(const struct store *s, int64_t ino)
{
	for (const struct row *d = s->table[MEMORY_DIRENT]; d; d = d->hh.next)
		if (number(d, DIRENT_INO) == ino)
			return d;
	return NULL;
}

/* The last version of an inode that has gone. */
static const struct row *last_version(const struct store *s, int64_t ino)
{
	const struct row *last = NULL;

	for (const struct row *h = s->table[MEMORY_INODE_HISTORY]; h; h = h->hh.next)
		if (number(h, 0) == ino)
			last = h;
	return last;
}

static PGresult *read_inode(const struct store *s, const struct database_call *call)
{
	const struct cell ino = {call->lengths[0], (char *)call->values[0]};
	PGresult *res = answer_new(INODE_TYPES "848");
	const struct row *inode = find_inode(s, &ino), *d = NULL;
	bool gone = !inode;

	if (gone && !(inode = last_version(s, param(call, 0))))
		return res;
	put_inode(res, 0, inode);
	if (!gone && S_ISDIR(number(inode, INODE_MODE)))
		d = parent_of(s, param(call, 0));
	if (d)
		put_cell(res, 0, INODE_COLUMNS, &d->cell[DIRENT_PARENT]);
	else
		put_null(res, 0, INODE_COLUMNS);
	put_int(res, 0, INODE_COLUMNS + 1, gone);
	put_int(res, 0, INODE_COLUMNS + 2, gone ? 0 : xattr_bytes(s, param(call, 0)));
	return res;
}

static void put_dirent(PGresult *res, int row, const struct store *s, const struct row *d)
{
	put_inode(res, row, find_inode(s, &d->cell[DIRENT_INO]));
	put_cell(res, row, INODE_COLUMNS, &d->cell[DIRENT_PARENT]);
	put_cell(res, row, INODE_COLUMNS + 1, &d->cell[DIRENT_NAME]);
	put_cell(res, row, INODE_COLUMNS + 2, &d->cell[DIRENT_COOKIE]);
	put_int(res, row, INODE_COLUMNS + 3, xattr_bytes(s, number(d, DIRENT_INO)));
}

static PGresult *read_dirent(const struct store *s, const struct database_call *call)
{
	const struct cell key[2] = {{call->lengths[0], (char *)call->values[0]},
		{call->lengths[1], (char *)call->values[1]}};
	PGresult *res = answer_new(INODE_TYPES "8b88");
	const struct row *d = store_find(s, MEMORY_DIRENT, key, 2);

	if (d && find_inode(s, &d->cell[DIRENT_INO]))
		put_dirent(res, 0, s, d);
	return res;
}

/* Returns the row of the table whose first column is `of` with the least number in `column` that is
 * more than `after`. */
static const struct row *next_row(
	const struct store *s, enum memory_table table, int64_t of, int column, int64_t after)
{
	const struct row *next = NULL;

	for (const struct row *r = s->table[table]; r; r = r->hh.next)
		if (number(r, 0) == of && number(r, column) > after &&
			(!next || number(r, column) < number(next, column)))
			next = r;
	return next;
}

static PGresult *read_dir(const struct store *s, const struct database_call *call)
{
	PGresult *res = answer_new(INODE_TYPES "8b88");
	const struct row *d = NULL;
	int64_t after = param(call, 1);

	for (int row = 0; row < param(call, 2); row++) {
		d = next_row(s, MEMORY_DIRENT, param(call, 0), DIRENT_COOKIE, after);
		if (!d)
			break;
		after = number(d, DIRENT_COOKIE);
		put_dirent(res, row, s, d);
	}
	return res;
}

static PGresult *read_xattrs(const struct store *s, const struct database_call *call)
{
	PGresult *res = answer_new("bb");
	int row = 0;

	for (const struct row *x = s->table[MEMORY_XATTR]; x; x = x->hh.next)
		if (number(x, XATTR_INO) == param(call, 0)) {
			put_cell(res, row, 0, &x->cell[XATTR_NAME]);
			put_cell(res, row++, 1, &x->cell[XATTR_VALUE]);
		}
	return res;
}

/* The part of an extent that lies in a range. */
struct stretch {
	int64_t off, len, blob_off;
};

static struct stretch clip(const struct row *e, int64_t lo, int64_t hi)
{
	int64_t off = number(e, EXTENT_OFF), end = off + number(e, EXTENT_LEN);
	struct stretch s = {.off = off > lo ? off : lo};

	s.len = (end < hi ? end : hi) - s.off;
	s.blob_off = number(e, EXTENT_BLOB_OFF) + s.off - off;
	return s;
}

/* Appends the pieces of a file in [lo, hi), from `column` on. `place`: what the column before says
 * of each. */
static void put_pieces(PGresult *res, const struct store *s, int64_t ino, int64_t lo, int64_t hi,
	int column, int64_t place)
{
	const struct row *e, *blob;
	int64_t after = -1;
	int row;

	while ((e = next_row(s, MEMORY_EXTENT, ino, EXTENT_OFF, after))) {
		struct stretch in = clip(e, lo, hi);

		after = number(e, EXTENT_OFF);
		blob = store_find(s, MEMORY_BLOB, &e->cell[EXTENT_BLOB], 1);
		if (in.len <= 0 || !blob)
			continue;
		row = PQntuples(res);
		if (column)
			put_int(res, row, column - 1, place);
		put_int(res, row, column, in.off);
		put_bytes(res, row, column + 1, blob->cell[1].data + in.blob_off, (int)in.len);
	}
}

static PGresult *read_data(const struct store *s, const struct database_call *call)
{
	PGresult *res = answer_new("8b");

	put_pieces(res, s, param(call, 0), param(call, 1), param(call, 2), 0, 0);
	return res;
}

static PGresult *read_ranges(const struct store *s, const struct database_call *call)
{
	PGresult *res = answer_new("88b");
	const char *at[3];
	int64_t v[3];
	int len;

	for (int i = 0; i < 3; i++)
		at[i] = call->values[i] + ARRAY_HEADER;
	for (int place = 1; at[0] < call->values[0] + call->lengths[0]; place++) {
		for (int i = 0; i < 3; i++) {
			const char *element = array_take(&at[i], &len);

			v[i] = cell_int(element, len);
		}
		put_pieces(res, s, v[0], v[1], v[2], 1, place);
	}
	return res;
}

static PGresult *read_extents(const struct store *s, const struct database_call *call)
{
	PGresult *res = answer_new("88888");
	const struct row *e;
	int64_t after = -1;

	for (int row = 0; row < param(call, 3) &&
			  (e = next_row(s, MEMORY_EXTENT, param(call, 0), EXTENT_OFF, after));) {
		struct stretch in = clip(e, param(call, 1), param(call, 2));

		after = number(e, EXTENT_OFF);
		if (in.len <= 0)
			continue;
		put_int(res, row, 0, in.off);
		put_int(res, row, 1, in.len);
		put_cell(res, row, 2, &e->cell[EXTENT_BLOB]);
		put_int(res, row, 3, in.blob_off);
		put_cell(res, row++, 4, &e->cell[EXTENT_OP]);
	}
	return res;
}

static PGresult *read_size(const struct store *s, const struct database_call *call)
{
	PGresult *res = answer_new("88");

	put_int(res, 0, 0, 0);
	put_int(res, 0, 1, (int64_t)s->next_ino);
	return res;
}

PGresult *store_read(const struct store *s, const struct database_call *call)
{
	static const struct {
		enum stmt stmt;
		PGresult *(*read)(const struct store *s, const struct database_call *call);
	} table[] = {
		{STMT_READ_INODE, read_inode},
		{STMT_READ_DIRENT, read_dirent},
		{STMT_READ_DIR, read_dir},
		{STMT_READ_XATTRS, read_xattrs},
		{STMT_READ_DATA, read_data},
		{STMT_READ_RANGES, read_ranges},
		{STMT_READ_EXTENTS, read_extents},
		{STMT_READ_SIZE, read_size},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].stmt == call->stmt)
			return table[i].read(s, call);
	return PQmakeEmptyPGresult(NULL, PGRES_FATAL_ERROR);
}
