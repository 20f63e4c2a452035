#include "db/reader_query.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/probe.h"
#include "db/array.h"
#include "db/row.h"

static struct reader_query *query_new(enum stmt stmt,
	void (*done)(struct reader_query *, PGresult *, const struct error *), void *arg,
	size_t room)
{
	struct reader_query *q = xcalloc(1, sizeof(*q) + room);

	trace_begin(&q->span, TRACE_STATEMENT + stmt, TRACE_QUEUE, clock_mono_ns());
	q->stmt = stmt;
	q->done = done;
	q->arg = arg;
	return q;
}

struct reader_query *reader_query_new(enum stmt stmt,
	void (*done)(struct reader_query *, PGresult *, const struct error *), void *arg)
{
	return query_new(stmt, done, arg, 0);
}

struct reader_query *reader_query_new_arrays(enum stmt stmt,
	void (*done)(struct reader_query *, PGresult *, const struct error *), void *arg,
	const uint64_t *const *columns, int ncolumns, size_t count)
{
	struct array arrays[READER_MAX_PARAMS];
	const char *params[READER_MAX_PARAMS];
	int lengths[READER_MAX_PARAMS];
	struct reader_query *q;
	size_t room = 0;
	char *at;

	assert(ncolumns <= READER_MAX_PARAMS);
	for (int i = 0; i < ncolumns; i++) {
		array_init(&arrays[i], ARRAY_INT8);
		for (size_t row = 0; row < count; row++)
			array_add_int(&arrays[i], (int64_t)columns[i][row]);
		params[i] = array_param(&arrays[i], &lengths[i]);
		room += (size_t)lengths[i];
	}
	q = query_new(stmt, done, arg, room);
	at = (char *)(q + 1);
	for (int i = 0; i < ncolumns; at += lengths[i++]) {
		q->arrays[i] = memcpy(at, params[i], (size_t)lengths[i]);
		q->params[q->nparams++].len = lengths[i];
		array_free(&arrays[i]);
	}
	return q;
}

void reader_query_int(struct reader_query *q, int64_t v)
{
	uint64_t be = htobe64((uint64_t)v);
	reader_query_bytes(q, &be, sizeof(be));
}

void reader_query_bytes(struct reader_query *q, const void *data, size_t len)
{
	assert(q->nparams < READER_MAX_PARAMS && len <= sizeof(q->params[0].data));
	memcpy(q->params[q->nparams].data, data, len);
	q->params[q->nparams++].len = (int)len;
}

bool reader_query_send(struct database_session *s, struct reader_query *q)
{
	const char *values[READER_MAX_PARAMS];
	int lengths[READER_MAX_PARAMS];

	trace_enter(&q->span, TRACE_SERVER);
	PROBE2(query__ask, q->stmt, q->arg);

	for (int i = 0; i < q->nparams; i++) {
		values[i] = q->arrays[i] ? q->arrays[i] : q->params[i].data;
		lengths[i] = q->params[i].len;
	}
	return database_ask(s, &(struct database_call){.stmt = q->stmt,
				       .nparams = q->nparams,
				       .values = values,
				       .lengths = lengths});
}

uint64_t reader_query_about(const struct reader_query *q)
{
	uint64_t be = 0;

	if (q->nparams && q->params[0].len == sizeof(be))
		memcpy(&be, q->params[0].data, sizeof(be));
	return be64toh(be);
}

bool reader_query_check(const struct reader_query *q, const PGresult *res, struct error *err)
{
	return row_check(q->stmt, res, reader_query_about(q), err);
}

void reader_query_settled(struct reader_query *q, struct trace *trace)
{
	trace_enter(&q->span, TRACE_SETTLE);
	trace_end(trace, &q->span);
}
