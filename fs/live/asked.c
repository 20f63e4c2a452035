#include "live/asked.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "db/array.h"
#include "db/conn.h"
#include "live/latency.h"
#include "live/publish.h"

/* Between looks. */
#define LOOK_NS INT64_C(1000000000)

enum {
	COL_OPERATION,
	COL_PHASE,
	COL_PART,
	COL_COUNT,
	COL_TOTAL,
	COL_P50,
	COL_P90,
	COL_P99,
	COL_MAX,
	COLUMNS,
};

static const enum array_type types[COLUMNS] = {ARRAY_TEXT, ARRAY_TEXT, ARRAY_TEXT, ARRAY_INT8,
	ARRAY_INT8, ARRAY_INT8, ARRAY_INT8, ARRAY_INT8, ARRAY_INT8};

struct live_asked {
	struct fs *fs;
	int64_t next_look;
	const PGconn *waiting; /* the connection that has our question; NULL: none has */
	struct array column[COLUMNS];
};

struct live_asked *live_asked_new(struct fs *fs)
{
	struct live_asked *a = xcalloc(1, sizeof(*a));

	a->fs = fs;
	for (int i = 0; i < COLUMNS; i++)
		array_init(&a->column[i], types[i]);
	return a;
}

void live_asked_free(struct live_asked *a)
{
	if (!a)
		return;
	for (int i = 0; i < COLUMNS; i++)
		array_free(&a->column[i]);
	free(a);
}

static void add_latency(void *arg, const struct latency *l)
{
	const struct histogram *h = l->durations;
	struct live_asked *a = arg;
	struct array *c = a->column;

	live_add_text(&c[COL_OPERATION], l->operation);
	live_add_text(&c[COL_PHASE], trace_phase_name(l->phase));
	live_add_text(&c[COL_PART], trace_part_name(trace_part_of(l->phase)));
	array_add_int(&c[COL_COUNT], (int64_t)histogram_count(h));
	array_add_int(&c[COL_TOTAL], (int64_t)h->total);
	array_add_int(&c[COL_P50], (int64_t)histogram_quantile(h, 0.5));
	array_add_int(&c[COL_P90], (int64_t)histogram_quantile(h, 0.9));
	array_add_int(&c[COL_P99], (int64_t)histogram_quantile(h, 0.99));
	array_add_int(&c[COL_MAX], (int64_t)h->max);
}

static bool publish(struct live_asked *a, PGconn *conn, const char *mount, struct error *err)
{
	for (int i = 0; i < COLUMNS; i++)
		array_reset(&a->column[i]);
	latency_each(a->fs->trace, add_latency, a);
	return live_publish(conn, STMT_LIVE_LATENCY, mount, a->column, COLUMNS, err);
}

/* Takes the answer if it has come, which any other query on the connection may have dropped. */
static bool take_answer(struct live_asked *a, PGconn *conn)
{
	bool asked = false;
	PGresult *res;

	if (!PQconsumeInput(conn) || PQisBusy(conn))
		return false;
	while ((res = PQgetResult(conn))) {
		asked = PQresultStatus(res) == PGRES_TUPLES_OK && *PQgetvalue(res, 0, 0) == 't';
		PQclear(res);
	}
	a->waiting = NULL;
	return asked;
}

bool live_asked_step(struct live_asked *a, PGconn *conn, const char *mount, struct error *err)
{
	int64_t now = clock_mono_ns();

	if (a->waiting == conn)
		return !take_answer(a, conn) || publish(a, conn, mount, err);
	if (now < a->next_look)
		return true;
	a->next_look = now + LOOK_NS;
	if (PQsendQueryPrepared(conn, statements[STMT_LIVE_ASKED].name, 0, NULL, NULL, NULL, 0) &&
		PQflush(conn) >= 0)
		a->waiting = conn;
	return true;
}
