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

struct reader_query *reader_query_new_array(enum stmt stmt,
	void (*done)(struct reader_query *, PGresult *, const struct error *), void *arg,
	const uint64_t *values, size_t count)
{
	struct reader_query *q;
	struct array a;
	const char *param;
	int len;

	array_init(&a, ARRAY_INT8);
	for (size_t i = 0; i < count; i++)
		array_add_int(&a, (int64_t)values[i]);
	param = array_param(&a, &len);
	q = query_new(stmt, done, arg, (size_t)len);
	q->array = memcpy(q + 1, param, (size_t)len);
	q->params[q->nparams++].len = len;
	array_free(&a);
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
		values[i] = i == 0 && q->array ? q->array : q->params[i].data;
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
