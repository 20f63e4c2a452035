#pragma once

#include <check.h>
#include <endian.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "journal/batch_impl.h"

/* Reads back what a batch would send: the arrays of a statement as a table. */
struct cell {
	const char *data; /* NULL: null */
	int32_t len;
};

struct table {
	int columns, rows;
	struct cell *cells; /* of row 0, then of row 1 */
};

static inline int32_t table_i32(const char *p)
{
	uint32_t be;

	memcpy(&be, p, sizeof(be));
	return (int32_t)be32toh(be);
}

static inline void table_column(struct table *t, struct array *a, int column)
{
	const char *p, *end;
	int len;

	p = array_param(a, &len);
	end = p + len;
	ck_assert_int_eq(table_i32(p + 8), (int)a->type);
	if (!t->rows) {
		ck_assert_int_eq(len, 12);
		return;
	}
	ck_assert_int_eq(table_i32(p), 1);
	ck_assert_int_eq(table_i32(p + 12), t->rows);
	ck_assert_int_eq(table_i32(p + 16), 1);
	p += 20;
	for (int i = 0; i < t->rows; i++) {
		struct cell *c = &t->cells[i * t->columns + column];
		ck_assert(end - p >= 4);
		c->len = table_i32(p);
		p += 4;
		ck_assert(c->len >= -1 && end - p >= c->len);
		c->data = c->len < 0 ? NULL : p;
		p += c->len < 0 ? 0 : c->len;
	}
	ck_assert_ptr_eq(p, end);
}

/* Valid as long as the batch is not changed. free() its cells. */
static inline struct table table_read(struct batch *b, enum rows_id id)
{
	struct rows *r = &b->rows[id];
	struct table t = {.columns = r->columns, .rows = r->column[0].count};

	ck_assert_int_eq(r->next, 0); /* no row is incomplete */
	t.cells = xcalloc((size_t)t.columns * t.rows + 1, sizeof(*t.cells));
	for (int i = 0; i < t.columns; i++) {
		ck_assert_int_eq(r->column[i].count, t.rows);
		table_column(&t, &r->column[i], i);
	}
	return t;
}

static inline const struct cell *table_cell(const struct table *t, int row, int column)
{
	ck_assert_int_lt(row, t->rows);
	ck_assert_int_lt(column, t->columns);
	return &t->cells[row * t->columns + column];
}

static inline int64_t table_int(const struct table *t, int row, int column)
{
	const struct cell *c = table_cell(t, row, column);
	uint64_t be64;
	uint16_t be16;

	switch (c->len) {
	case 1:
		return c->data[0];
	case 2:
		memcpy(&be16, c->data, 2);
		return (int16_t)be16toh(be16);
	case 4:
		return table_i32(c->data);
	case 8:
		memcpy(&be64, c->data, 8);
		return (int64_t)be64toh(be64);
	}
	ck_abort_msg("row %d column %d has %d bytes", row, column, c->len);
	return 0;
}

/* The time that these tests give to an op, microseconds since the epoch. */
static inline int64_t time_of(uint64_t op)
{
	return PG_EPOCH_US + (int64_t)op * 1000;
}

/* An op and its time, in two columns. */
static inline uint64_t table_when(const struct table *t, int row, int column)
{
	int64_t op = table_int(t, row, column);

	ck_assert_int_eq(table_int(t, row, column + 1), time_of((uint64_t)op) - PG_EPOCH_US);
	return (uint64_t)op;
}

/* --- records of batches --- */

static inline struct bytes name_of(const char *text)
{
	return (struct bytes){text, (uint32_t)strlen(text)};
}

static inline struct record begin_record(uint64_t op, uint64_t actor)
{
	return (struct record){.op = op,
		.at = time_of(op),
		.actor = actor,
		.ino = 1,
		.off = -1,
		.len = -1,
		.kind = OP_SETATTR};
}

static inline struct change *add_change(struct record *r, enum change_type type, unsigned int flags)
{
	struct change *e = &r->changes[r->change_count++];

	e->type = type;
	e->flags = flags;
	return e;
}
