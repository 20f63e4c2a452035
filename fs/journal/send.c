#include "journal/send.h"

#include <assert.h>
#include <endian.h>

_Static_assert(ROWS_MAX_COLUMNS <= DATABASE_MAX_PARAMS, "a column is a parameter");

int send_statements(enum stmt ids[SEND_STATEMENTS])
{
	int count = 0;

	for (int i = 0; i < ROWS_COUNT; i++) {
		ids[count++] = rows_statement(i);
		if (rows_one(i))
			ids[count++] = rows_one(i);
	}
	ids[count++] = STMT_APPLY_MARK_LEFT;
	ids[count++] = STMT_APPLY_MARK;
	return count;
}

/* The parameters of one call. */
struct params {
	const char *values[ROWS_MAX_COLUMNS];
	int lengths[ROWS_MAX_COLUMNS];
};

static struct database_call rows_call(struct rows *r, enum rows_id id, struct params *p)
{
	for (int i = 0; i < r->columns; i++) {
		assert(r->column[i].count == r->column[0].count);
		p->values[i] = array_param(&r->column[i], &p->lengths[i]);
	}
	return (struct database_call){.stmt = rows_statement(id),
		.nparams = r->columns,
		.values = p->values,
		.lengths = p->lengths,
		.rows = r->column[0].count,
		.copy = rows_copy(id),
		.one = rows_one(id)};
}

/* The marks are in the transaction of the batch, so that it is applied exactly once. */
static struct database_call marks_call(
	enum stmt stmt, const uint64_t *marks, int count, struct params *p)
{
	for (int i = 0; i < count; i++) {
		p->values[i] = (const char *)&marks[i];
		p->lengths[i] = sizeof(marks[i]);
	}
	return (struct database_call){
		.stmt = stmt, .nparams = count, .values = p->values, .lengths = p->lengths};
}

bool send_batch(struct database_session *s, struct rows rows[ROWS_COUNT],
	const struct send_marks *marks, bool history, bool flush, struct error *err)
{
	const uint64_t ids[4] = {htobe64(marks->mount), htobe64(marks->last_op),
		htobe64(marks->next_ino), htobe64(marks->next_blob)};
	struct database_call calls[ROWS_COUNT + 2];
	struct params params[ROWS_COUNT + 2];
	int count = 0;

	for (int i = 0; i < ROWS_COUNT; i++) {
		if (rows[i].column[0].count == 0 || (!history && rows_are_history(i)))
			continue;
		calls[count] = rows_call(&rows[i], i, &params[count]);
		count++;
	}
	if (s && s->marked != marks->mount) {
		calls[count] = marks_call(STMT_APPLY_MARK_LEFT, ids, 1, &params[count]);
		count++;
	}
	calls[count] = marks_call(STMT_APPLY_MARK, ids, 4, &params[count]);
	if (!database_apply(s, calls, count + 1, flush, err))
		return false;
	s->marked = marks->mount;
	return true;
}
