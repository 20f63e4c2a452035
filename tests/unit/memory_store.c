/* How the database in memory keeps rows and applies those of a batch. */
#include "memory_store.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"

#define MAX_ROW_CELLS 24

/* How many of a table's first columns are its key; 0: rows may be alike. */
static const int key_columns[MEMORY_TABLES] = {
	[MEMORY_INODE] = 1,
	[MEMORY_DIRENT] = 2,
	[MEMORY_XATTR] = 2,
	[MEMORY_EXTENT] = 2,
	[MEMORY_BLOB] = 1,
	[MEMORY_ACTOR] = 1,
	[MEMORY_OP] = 1,
	[MEMORY_CLOCK_STEP] = 1,
};

int64_t cell_int(const char *data, int len)
{
	uint64_t be64;
	uint32_t be32;
	uint16_t be16;

	switch (len) {
	case 8:
		memcpy(&be64, data, 8);
		return (int64_t)be64toh(be64);
	case 4:
		memcpy(&be32, data, 4);
		return (int32_t)be32toh(be32);
	case 2:
		memcpy(&be16, data, 2);
		return (int16_t)be16toh(be16);
	}
	return 0;
}

/* Makes the bytes of a key: each cell with its length before it. Returns how many. */
static unsigned int key_bytes(const struct cell *cells, int count, char **out)
{
	size_t len = 0;
	char *p;

	for (int i = 0; i < count; i++)
		len += sizeof(int32_t) + (size_t)(cells[i].len > 0 ? cells[i].len : 0);
	p = *out = xcalloc(1, len + 1);
	for (int i = 0; i < count; i++) {
		memcpy(p, &cells[i].len, sizeof(int32_t));
		p += sizeof(int32_t);
		if (cells[i].len > 0)
			memcpy(p, cells[i].data, (size_t)cells[i].len);
		p += cells[i].len > 0 ? cells[i].len : 0;
	}
	return (unsigned int)len;
}

static void row_free(struct row *r)
{
	for (int i = 0; i < r->count; i++)
		free(r->cell[i].data);
	free(r->key);
	free(r);
}

struct row *store_find(
	const struct store *s, enum memory_table table, const struct cell *key, int count)
{
	struct row *found;
	char *bytes;
	unsigned int len = key_bytes(key, count, &bytes);

	HASH_FIND(hh, s->table[table], bytes, len, found);
	free(bytes);
	return found;
}

/* Inserts a copy of the cells. False when there is a row with their key. */
static bool insert(struct store *s, enum memory_table table, const struct cell *cells, int count)
{
	struct row *r = xcalloc(1, sizeof(*r) + (size_t)count * sizeof(*cells));
	struct cell serial = {sizeof(s->serial), (char *)&s->serial};
	int keys = key_columns[table];

	if (keys && store_find(s, table, cells, keys)) {
		free(r);
		return false;
	}
	s->serial++;
	r->key_len = key_bytes(keys ? cells : &serial, keys ? keys : 1, &r->key);
	r->count = count;
	for (int i = 0; i < count; i++) {
		r->cell[i].len = cells[i].len;
		if (cells[i].len < 0)
			continue;
		r->cell[i].data = xcalloc(1, (size_t)cells[i].len + 1);
		memcpy(r->cell[i].data, cells[i].data, (size_t)cells[i].len);
	}
	HASH_ADD_KEYPTR(hh, s->table[table], r->key, r->key_len, r);
	return true;
}

static void delete (struct store *s, enum memory_table table, struct row *r)
{
	HASH_DEL(s->table[table], r);
	row_free(r);
}

/* The root, in the columns of a batch's insert. */
static void add_root(struct store *s)
{
	static const char types[] = "844888888888448b8t";
	uint64_t be64[sizeof(types)] = {0};
	uint32_t be32[sizeof(types)] = {0};
	struct cell cells[sizeof(types)];
	int count = (int)strlen(types);

	be64[0] = htobe64(1);
	be32[1] = htobe32(S_IFDIR | 0755);
	be32[2] = htobe32(2);
	be64[16] = htobe64(1); /* op 1 made it */
	for (int i = 0; i < count; i++)
		cells[i] = types[i] == '4'   ? (struct cell){4, (char *)&be32[i]}
			   : types[i] == 'b' ? (struct cell){-1, NULL}
					     : (struct cell){8, (char *)&be64[i]};
	insert(s, MEMORY_INODE, cells, count);
}

struct store *store_new(void)
{
	struct store *s = xcalloc(1, sizeof(*s));

	s->next_op = s->next_ino = 2;
	s->next_blob = 1;
	add_root(s);
	return s;
}

struct store *store_copy(const struct store *from)
{
	struct store *s = xcalloc(1, sizeof(*s));

	*s = *from;
	for (int t = 0; t < MEMORY_TABLES; t++) {
		s->table[t] = NULL;
		for (const struct row *r = from->table[t]; r; r = r->hh.next)
			insert(s, (enum memory_table)t, r->cell, r->count);
	}
	return s;
}

void store_free(struct store *s)
{
	struct row *r, *tmp;

	for (int t = 0; t < MEMORY_TABLES; t++)
		HASH_ITER (hh, s->table[t], r, tmp)
			delete (s, (enum memory_table)t, r);
	free(s);
}

/* --- what statements do with a row of their parameters --- */

static bool refuse(struct error *err, const char *what)
{
	return error_set(err, ERR_INTERNAL, "the database in memory refused a row: %s", what);
}

/* Moves a row of the present to its history, as of the op and time in `end`; keeps it when it is an
 * inode's. */
static void end_row(struct store *s, enum memory_table table, enum memory_table history,
	struct row *r, const struct cell *end)
{
	struct cell cells[MAX_ROW_CELLS];

	assert(r->count + 2 <= MAX_ROW_CELLS);
	memcpy(cells, r->cell, (size_t)r->count * sizeof(*cells));
	memcpy(cells + r->count, end, 2 * sizeof(*cells));
	insert(s, history, cells, r->count + 2);
	if (table != MEMORY_INODE)
		delete (s, table, r);
}

static bool replace_inode(struct store *s, const struct cell *cells, int count, struct error *err)
{
	struct row *r = store_find(s, MEMORY_INODE, cells, 1);

	if (!r)
		return refuse(err, "an update of an inode that is not there");
	delete (s, MEMORY_INODE, r);
	return insert(s, MEMORY_INODE, cells, count);
}

/* Ends one attribute, or with a null name all of the inode's; those that are gone already do not
 * matter. */
static void close_xattr(struct store *s, const struct cell *cells)
{
	struct row *r, *tmp;

	HASH_ITER (hh, s->table[MEMORY_XATTR], r, tmp)
		if (!memcmp(r->cell[0].data, cells[0].data, 8) &&
			(cells[1].len < 0 || (cells[1].len == r->cell[1].len &&
						     !memcmp(cells[1].data, r->cell[1].data,
							     (size_t)cells[1].len))))
			end_row(s, MEMORY_XATTR, MEMORY_XATTR_HISTORY, r, cells + 2);
}

/* An extent's row, cut to [lo, hi). The cells point into `numbers` and the row. */
static void part(const struct row *r, int64_t lo, int64_t hi, uint64_t numbers[3],
	struct cell cells[MAX_ROW_CELLS])
{
	int64_t off = cell_int(r->cell[1].data, 8), blob_off = cell_int(r->cell[4].data, 8);

	memcpy(cells, r->cell, (size_t)r->count * sizeof(*cells));
	numbers[0] = htobe64((uint64_t)lo);
	numbers[1] = htobe64((uint64_t)(hi - lo));
	numbers[2] = htobe64((uint64_t)(blob_off + lo - off));
	cells[1].data = (char *)&numbers[0];
	cells[2].data = (char *)&numbers[1];
	cells[4].data = (char *)&numbers[2];
}

/* Cuts [lo, hi) out of one extent: that goes to the history, and what is left stays. */
static void cut_extent(
	struct store *s, struct row *r, int64_t lo, int64_t hi, const struct cell *end)
{
	int64_t off = cell_int(r->cell[1].data, 8), stop = off + cell_int(r->cell[2].data, 8);
	struct cell cells[MAX_ROW_CELLS];
	uint64_t numbers[3];
	struct row *old = r;

	if (stop <= lo || off >= hi)
		return;
	/* The row leaves the table first: what is left of it may have its key. */
	HASH_DEL(s->table[MEMORY_EXTENT], old);
	part(old, off > lo ? off : lo, stop < hi ? stop : hi, numbers, cells);
	cells[old->count] = *end;
	insert(s, MEMORY_EXTENT_HISTORY, cells, old->count + 1);
	if (off < lo) {
		part(old, off, lo, numbers, cells);
		insert(s, MEMORY_EXTENT, cells, old->count);
	}
	if (stop > hi) {
		part(old, hi, stop, numbers, cells);
		insert(s, MEMORY_EXTENT, cells, old->count);
	}
	row_free(old);
}

static void cut_extents(
	struct store *s, const struct cell *cells, int64_t lo, int64_t hi, const struct cell *op)
{
	struct row *r, *tmp;

	HASH_ITER (hh, s->table[MEMORY_EXTENT], r, tmp)
		if (!memcmp(r->cell[0].data, cells[0].data, 8))
			cut_extent(s, r, lo, hi, op);
}

static void set_atime(struct store *s, const struct cell *cells)
{
	struct row *r = store_find(s, MEMORY_INODE, cells, 1);

	if (r)
		memcpy(r->cell[8].data, cells[1].data, 8);
}

static bool insert_new(struct store *s, enum memory_table t, const struct cell *cells, int count,
	struct error *err)
{
	return insert(s, t, cells, count) || refuse(err, "it is there already");
}

/* Ends a row of the present, if it is there. */
static void close_row(struct store *s, enum memory_table table, enum memory_table history,
	const struct cell *cells, int keys)
{
	struct row *r = store_find(s, table, cells, keys);

	if (r)
		end_row(s, table, history, r, cells + keys);
}

static bool apply_row(
	struct store *s, enum stmt stmt, const struct cell *cells, int count, struct error *err)
{
	struct row *r;

	switch (stmt) {
	case STMT_APPLY_ACTOR:
		insert(s, MEMORY_ACTOR, cells, count);
		return true;
	case STMT_APPLY_OP:
		return insert_new(s, MEMORY_OP, cells, count, err);
	case STMT_APPLY_CLOCK_STEP:
		return insert_new(s, MEMORY_CLOCK_STEP, cells, count, err);
	case STMT_APPLY_BLOB:
		return insert_new(s, MEMORY_BLOB, cells, count, err);
	case STMT_APPLY_ATIME:
		set_atime(s, cells);
		return true;
	case STMT_APPLY_INODE_CLOSE:
		close_row(s, MEMORY_INODE, MEMORY_INODE_HISTORY, cells, 1);
		return true;
	case STMT_APPLY_INODE_HISTORY:
		return insert_new(s, MEMORY_INODE_HISTORY, cells, count, err);
	case STMT_APPLY_INODE_DELETE:
		if ((r = store_find(s, MEMORY_INODE, cells, 1)))
			delete (s, MEMORY_INODE, r);
		return true;
	case STMT_APPLY_INODE_UPDATE:
		return replace_inode(s, cells, count, err);
	case STMT_APPLY_INODE_INSERT:
		return insert_new(s, MEMORY_INODE, cells, count, err);
	case STMT_APPLY_DIRENT_CLOSE:
		close_row(s, MEMORY_DIRENT, MEMORY_DIRENT_HISTORY, cells, 2);
		return true;
	case STMT_APPLY_DIRENT_HISTORY:
		return insert_new(s, MEMORY_DIRENT_HISTORY, cells, count, err);
	case STMT_APPLY_DIRENT_INSERT:
		return insert_new(s, MEMORY_DIRENT, cells, count, err);
	case STMT_APPLY_XATTR_CLOSE:
		close_xattr(s, cells);
		return true;
	case STMT_APPLY_XATTR_HISTORY:
		return insert_new(s, MEMORY_XATTR_HISTORY, cells, count, err);
	case STMT_APPLY_XATTR_INSERT:
		return insert_new(s, MEMORY_XATTR, cells, count, err);
	case STMT_APPLY_EXTENT_CLOSE:
		cut_extents(s, cells, 0, INT64_MAX, cells + 1);
		return true;
	case STMT_APPLY_EXTENT_CUT:
		cut_extents(s, cells, cell_int(cells[1].data, 8), cell_int(cells[2].data, 8),
			cells + 3);
		return true;
	case STMT_APPLY_EXTENT_HISTORY:
		return insert_new(s, MEMORY_EXTENT_HISTORY, cells, count, err);
	case STMT_APPLY_EXTENT_INSERT:
		return insert_new(s, MEMORY_EXTENT, cells, count, err);
	default:
		return refuse(err, statements[stmt].name);
	}
}

/* --- the parameters of a statement --- */

/* An array in binary format that is read from its front. */
struct reading {
	const char *at, *end;
};

/* Begins to read an array. Returns how many elements it has, -1: it is none. */
static int begin_reading(struct reading *a, const char *value, int len)
{
	a->at = value + 12;
	a->end = value + len;
	if (len < 12 || cell_int(value, 4) != 1)
		return len == 12 ? 0 : -1;
	a->at += 8;
	return (int)cell_int(value + 12, 4);
}

static struct cell next_cell(struct reading *a)
{
	struct cell c = {-1, NULL};

	assert(a->end - a->at >= 4);
	c.len = (int32_t)cell_int(a->at, 4);
	a->at += 4;
	assert(c.len <= a->end - a->at);
	if (c.len >= 0) {
		c.data = (char *)a->at;
		a->at += c.len;
	}
	return c;
}

static bool apply_mark(struct store *s, const struct database_call *call)
{
	uint64_t mark[4];

	for (int i = 0; i < 4; i++)
		mark[i] = (uint64_t)cell_int(call->values[i], call->lengths[i]);
	assert(mark[0] <= s->mounts);
	if (s->mount[mark[0]].last_op < mark[1])
		s->mount[mark[0]].last_op = mark[1];
	if (s->next_op < mark[1] + 1)
		s->next_op = mark[1] + 1;
	if (s->next_ino < mark[2])
		s->next_ino = mark[2];
	if (s->next_blob < mark[3])
		s->next_blob = mark[3];
	return true;
}

/* Begins to read all parameters. Returns how many rows they have, or -1 with *err set. */
static int begin_rows(const struct database_call *call, struct reading *arrays, struct error *err)
{
	int rows = 0;

	for (int i = 0; i < call->nparams; i++) {
		int n = begin_reading(&arrays[i], call->values[i], call->lengths[i]);
		if (n < 0 || (i > 0 && n != rows)) {
			refuse(err, "arrays of several lengths");
			return -1;
		}
		rows = n;
	}
	return rows;
}

/* Applies the rows whose second column is null, or the others, or with a negative `null` all. */
static bool apply_rows(
	struct store *s, const struct database_call *call, int null, struct error *err)
{
	struct reading arrays[DATABASE_MAX_PARAMS];
	struct cell cells[DATABASE_MAX_PARAMS];
	int rows = begin_rows(call, arrays, err);

	for (int row = 0; row < rows; row++) {
		for (int i = 0; i < call->nparams; i++)
			cells[i] = next_cell(&arrays[i]);
		if (null >= 0 && null != (cells[1].len < 0))
			continue;
		if (!apply_row(s, call->stmt, cells, call->nparams, err))
			return false;
	}
	return rows >= 0;
}

bool store_apply(struct store *s, const struct database_call *call, struct error *err)
{
	if (call->stmt == STMT_APPLY_MARK)
		return apply_mark(s, call);
	/* Each mount here has its own mark. */
	if (call->stmt == STMT_APPLY_MARK_LEFT)
		return true;
	/* Attributes that ended by name did so before their inode did. */
	if (call->stmt == STMT_APPLY_XATTR_CLOSE)
		return apply_rows(s, call, 0, err) && apply_rows(s, call, 1, err);
	return apply_rows(s, call, -1, err);
}
