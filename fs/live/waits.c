#include "live/waits.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/proc_text.h"
#include "db/array.h"
#include "db/conn.h"
#include "live/publish.h"
#include "live/requests.h"

/* A request that has waited for less is not published; as often the list is looked at. */
#define YOUNG_NS INT64_C(1000000000)

enum {
	COL_UNIQUE,
	COL_OPERATION,
	COL_INO,
	COL_NAME,
	COL_PID,
	COL_COMM,
	COL_UID,
	COL_STATE,
	COL_WAIT,
	COL_SINCE,
	COLUMNS,
};

static const enum array_type types[COLUMNS] = {ARRAY_INT8, ARRAY_TEXT, ARRAY_INT8, ARRAY_BYTEA,
	ARRAY_INT4, ARRAY_TEXT, ARRAY_INT8, ARRAY_TEXT, ARRAY_TEXT, ARRAY_TIMESTAMPTZ};

/* A list of these tells whether anything has changed. */
struct mark {
	uint64_t unique;
	uint32_t state, wait;
};

struct live_waits {
	struct fs *fs;
	struct buf seen; /* of struct mark: what is published */
	int64_t next_look;
	struct array column[COLUMNS];
};

struct live_waits *live_waits_new(struct fs *fs)
{
	struct live_waits *w = xcalloc(1, sizeof(*w));

	w->fs = fs;
	for (int i = 0; i < COLUMNS; i++)
		array_init(&w->column[i], types[i]);
	return w;
}

void live_waits_free(struct live_waits *w)
{
	if (!w)
		return;
	buf_free(&w->seen);
	for (int i = 0; i < COLUMNS; i++)
		array_free(&w->column[i]);
	free(w);
}

void live_waits_begin(struct live_waits *w)
{
	buf_reset(&w->seen);
	w->next_look = 0;
}

/* Adds the program as text that the database takes. */
static void add_program(struct array *a, const char *program)
{
	char *text = *program ? proc_text(program, strlen(program)) : NULL;

	if (text)
		live_add_text(a, text);
	else
		array_add_null(a);
	free(text);
}

static void add_request(struct live_waits *w, const struct live_request *r)
{
	struct array *c = w->column;
	const struct request_info *info = &r->info;

	array_add_int(&c[COL_UNIQUE], (int64_t)info->unique);
	live_add_text(&c[COL_OPERATION], live_opcode_name(info->opcode));
	array_add_int(&c[COL_INO], (int64_t)info->ino);
	if (live_opcode_names(info->opcode))
		live_add_text(&c[COL_NAME], info->name);
	else
		array_add_null(&c[COL_NAME]);
	if (r->process > 0)
		array_add_int(&c[COL_PID], r->process);
	else
		array_add_null(&c[COL_PID]);
	add_program(&c[COL_COMM], r->program);
	array_add_int(&c[COL_UID], info->uid);
	live_add_text(&c[COL_STATE], request_state_name(info->state));
	live_add_text(&c[COL_WAIT], request_wait_name(info->wait));
	array_add_time(&c[COL_SINCE], live_request_since(info) / 1000);
}

/* Fills the columns, and *marks with a mark for each row. */
static void look(struct live_waits *w, struct buf *marks)
{
	int64_t old = clock_mono_ns() - YOUNG_NS;
	struct live_requests l;

	for (int i = 0; i < COLUMNS; i++)
		array_reset(&w->column[i]);
	live_requests_read(w->fs, -1, &l);
	for (size_t i = 0; i < l.count; i++) {
		const struct request_info *info = &l.request[i].info;
		struct mark mark = {info->unique, info->state, info->wait};

		if (info->since > old)
			continue;
		buf_add(marks, &mark, sizeof(mark));
		add_request(w, &l.request[i]);
	}
	live_requests_release(&l);
}

bool live_waits_step(struct live_waits *w, PGconn *conn, const char *mount, struct error *err)
{
	struct buf marks = {0};
	bool ok = true;

	if (clock_mono_ns() < w->next_look)
		return true;
	w->next_look = clock_mono_ns() + YOUNG_NS;
	look(w, &marks);
	if (marks.len != w->seen.len || (marks.len && memcmp(marks.data, w->seen.data, marks.len)))
		ok = live_publish(conn, STMT_LIVE_REQUESTS, mount, w->column, COLUMNS, err);
	if (ok) {
		buf_reset(&w->seen);
		buf_add(&w->seen, marks.data, marks.len);
	}
	buf_free(&marks);
	return ok;
}
