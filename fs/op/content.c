#include "op/content.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"

/* With two of them, in two sessions, two CPUs of the server have work, and it still has one to work
 * on while the answer to the other is taken. */
#define STATEMENTS_MAX 2

/* What is larger is asked for by itself and at once: its bytes cost more than its statement. */
#define TOGETHER_BYTES (UINT64_C(16) << 10)

/* Columns of read_data; read_ranges has the place of the range before them. */
enum { COL_OFF, COL_BYTES, COLUMNS };

struct contents {
	struct fs *fs;
	pthread_mutex_t lock;
	unsigned int statements;       /* under lock: under way */
	struct content *first, **last; /* under lock: who waits for one of them to end */
};

struct content_answer {
	PGresult *res;
	atomic_size_t users;
};

/* Those who are asked for with one statement. */
struct together {
	struct contents *contents;
	size_t count;
	struct content *members[READ_RANGES_MAX];
};

struct contents *contents_new(struct fs *fs)
{
	struct contents *cs = xcalloc(1, sizeof(*cs));

	cs->fs = fs;
	cs->last = &cs->first;
	pthread_mutex_init(&cs->lock, NULL);
	return cs;
}

void contents_free(struct contents *cs)
{
	if (!cs)
		return;
	pthread_mutex_destroy(&cs->lock);
	free(cs);
}

/* Gives all members their rows of the answer. */
static void give(struct content *const *members, size_t count, PGresult *res)
{
	int rows = PQntuples(res), row = 0;
	bool places = PQnfields(res) > COLUMNS;
	struct content_answer *a = xcalloc(1, sizeof(*a));

	a->res = res;
	atomic_init(&a->users, count);
	for (size_t i = 0; i < count; i++) {
		struct content *c = members[i];

		c->answer = a;
		c->first = row;
		while (row < rows && (!places || row_int(res, row, 0) == (int64_t)i + 1))
			row++;
		c->end = row;
	}
}

static struct reader_query *query_alone(const struct content *c,
	void (*done)(struct reader_query *, PGresult *, const struct error *), void *arg)
{
	struct reader_query *q = reader_query_new(STMT_READ_DATA, done, arg);

	reader_query_int(q, (int64_t)c->ino);
	reader_query_int(q, (int64_t)c->off);
	reader_query_int(q, (int64_t)(c->off + c->len));
	return q;
}

/* --- who is alone --- */

static void alone_done(struct reader_query *q, PGresult *res, const struct error *err)
{
	struct content *c = q->arg;

	free(q);
	if (err)
		log_error("%s", err->text);
	else
		give(&c, 1, res);
	c->done(c, err ? error_to_errno(err) : 0);
}

bool content_get(struct contents *cs, struct content *c)
{
	struct reader_query *q = query_alone(c, alone_done, c);
	PGresult *res;

	c->asked = direct_ask(cs->fs->direct, q);
	if (c->asked && !direct_answer(c->asked, &res))
		return false;
	free(q);
	if (!c->asked)
		return false;
	c->asked = NULL;
	give(&c, 1, res);
	return true;
}

/* --- who is not --- */

static struct together *next_together(struct contents *cs)
{
	struct together *t = NULL;

	pthread_mutex_lock(&cs->lock);
	if (cs->first && cs->statements < STATEMENTS_MAX) {
		t = xcalloc(1, sizeof(*t));
		t->contents = cs;
		while (cs->first && t->count < READ_RANGES_MAX) {
			t->members[t->count++] = cs->first;
			cs->first = cs->first->next;
		}
		if (!cs->first)
			cs->last = &cs->first;
		cs->statements++;
	}
	pthread_mutex_unlock(&cs->lock);
	return t;
}

static void together_done(struct reader_query *q, PGresult *res, const struct error *err);

static struct reader_query *query_together(struct together *t)
{
	uint64_t inos[READ_RANGES_MAX], begins[READ_RANGES_MAX], ends[READ_RANGES_MAX];
	const uint64_t *columns[] = {inos, begins, ends};

	if (t->count == 1)
		return query_alone(t->members[0], together_done, t);
	for (size_t i = 0; i < t->count; i++) {
		inos[i] = t->members[i]->ino;
		begins[i] = t->members[i]->off;
		ends[i] = t->members[i]->off + t->members[i]->len;
	}
	return reader_query_new_arrays(STMT_READ_RANGES, together_done, t, columns, 3, t->count);
}

/* Asks for who waits, as far as it may. */
static void go_on(struct contents *cs)
{
	struct together *t;

	while ((t = next_together(cs))) {
		struct reader_query *q = query_together(t);

		if (!direct_submit(cs->fs->direct, q))
			reader_submit(cs->fs->reader, q);
	}
}

static void ask_alone(struct contents *cs, struct content *c)
{
	reader_submit(cs->fs->reader, query_alone(c, alone_done, c));
}

static void together_done(struct reader_query *q, PGresult *res, const struct error *err)
{
	struct together *t = q->arg;
	struct contents *cs = t->contents;

	pthread_mutex_lock(&cs->lock);
	cs->statements--;
	pthread_mutex_unlock(&cs->lock);
	go_on(cs);
	free(q);
	if (!err)
		give(t->members, t->count, res);
	for (size_t i = 0; i < t->count; i++)
		if (err)
			ask_alone(cs, t->members[i]); /* one that fails takes no other with it */
		else
			t->members[i]->done(t->members[i], 0);
	free(t);
}

void content_ask(struct contents *cs, struct content *c)
{
	if (c->asked) {
		direct_leave(c->asked);
	} else if (c->len > TOGETHER_BYTES) {
		ask_alone(cs, c);
	} else {
		pthread_mutex_lock(&cs->lock);
		c->next = NULL;
		*cs->last = c;
		cs->last = &c->next;
		pthread_mutex_unlock(&cs->lock);
		go_on(cs);
	}
}

/* --- what they got --- */

void content_place(const struct content *c, char *buf)
{
	const PGresult *res = c->answer->res;
	int column = PQnfields(res) - COLUMNS;

	for (int row = c->first; row < c->end; row++) {
		uint64_t at = (uint64_t)row_int(res, row, column + COL_OFF);
		struct bytes b = row_bytes(res, row, column + COL_BYTES);

		if (at >= c->off && at - c->off <= c->len && b.len <= c->len - (at - c->off))
			memcpy(buf + (at - c->off), b.data, b.len);
	}
}

void content_clear(struct content *c)
{
	struct content_answer *a = c->answer;

	c->answer = NULL;
	if (!a || atomic_fetch_sub(&a->users, 1) > 1)
		return;
	PQclear(a->res);
	free(a);
}
