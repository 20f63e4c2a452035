#include "live/asked.h"

#include <stdio.h>
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
	live_write *write;
	dev_t device;
	struct buf lines;
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
	buf_free(&a->lines);
	free(a);
}

void live_asked_serve(struct live_asked *a, live_write *write, dev_t device)
{
	a->write = write;
	a->device = device;
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

static bool publish_latency(
	struct live_asked *a, PGconn *conn, const char *mount, struct error *err)
{
	for (int i = 0; i < COLUMNS; i++)
		array_reset(&a->column[i]);
	latency_each(a->fs->trace, add_latency, a);
	return live_publish(conn, STMT_LIVE_LATENCY, mount, a->column, COLUMNS, err);
}

/* Also of a topic that is a table of its own: the row says that it was published, and when. */
static bool publish_lines(struct live_asked *a, PGconn *conn, const char *mount,
	enum live_topic topic, struct error *err)
{
	char number[12];
	const char *values[] = {mount, number, NULL};
	PGresult *res;
	bool ok;

	snprintf(number, sizeof(number), "%d", topic);
	buf_reset(&a->lines);
	if (topic != LIVE_LATENCY)
		a->write(a->fs, topic, a->device, &a->lines);
	buf_add(&a->lines, "", 1);
	values[2] = a->lines.data;
	res = PQexecPrepared(conn, statements[STMT_LIVE_REPORT].name, 3, values, NULL, NULL, 0);
	ok = PQresultStatus(res) == PGRES_COMMAND_OK;
	if (!ok)
		db_error(conn, res, "cannot publish what is live", err);
	PQclear(res);
	return ok;
}

/* `asked` has a bit for each topic. */
static bool publish(struct live_asked *a, PGconn *conn, const char *mount, unsigned int asked,
	struct error *err)
{
	if (asked & 1u << LIVE_LATENCY && !publish_latency(a, conn, mount, err))
		return false;
	for (enum live_topic topic = LIVE_LATENCY; topic < LIVE_TOPICS; topic++)
		if (asked & 1u << topic && !publish_lines(a, conn, mount, topic, err))
			return false;
	return true;
}

/* Takes the answer if it has come, which any other query on the connection may have dropped. */
static unsigned int take_answer(struct live_asked *a, PGconn *conn)
{
	unsigned int asked = 0;
	PGresult *res;

	if (!PQconsumeInput(conn) || PQisBusy(conn))
		return 0;
	while ((res = PQgetResult(conn))) {
		if (PQresultStatus(res) == PGRES_TUPLES_OK)
			asked = (unsigned int)strtoul(PQgetvalue(res, 0, 0), NULL, 10);
		PQclear(res);
	}
	a->waiting = NULL;
	return asked;
}

bool live_asked_step(struct live_asked *a, PGconn *conn, const char *mount, struct error *err)
{
	int64_t now = clock_mono_ns();

	if (a->waiting == conn)
		return publish(a, conn, mount, take_answer(a, conn), err);
	if (now < a->next_look)
		return true;
	a->next_look = now + LOOK_NS;
	if (PQsendQueryPrepared(conn, statements[STMT_LIVE_ASKED].name, 0, NULL, NULL, NULL, 0) &&
		PQflush(conn) >= 0)
		a->waiting = conn;
	return true;
}

bool live_asked_waits(const struct live_asked *a, const PGconn *conn)
{
	return a->waiting == conn;
}
