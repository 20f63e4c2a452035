#pragma once

#include <libpq-fe.h>
#include <stdint.h>

#include "base/error.h"
#include "db/statement.h"

/*
 * A connection for reading, in pipeline mode, served by a thread of its own: whoever misses
 * something submits a query and goes on; the answer comes by callback. When the connection is lost,
 * it is made anew and what was not answered is asked again, for as long as it takes.
 */
struct reader;

#define READER_MAX_PARAMS 4

struct reader_query {
	enum stmt stmt;
	int nparams;
	struct {
		int len;
		char data[256]; /* in binary format */
	} params[READER_MAX_PARAMS];
	/*
	 * Called once, on the reader's thread. `res` has binary columns, has been checked
	 * (db/row.h), and is the reader's; NULL with err set when the query failed, its answer
	 * cannot be or the reader stops. The query is the callee's to free.
	 */
	void (*done)(struct reader_query *q, const PGresult *res, const struct error *err);
	void *arg;
	struct reader_query *next;
};

/*
 * Connects and starts the thread, on which reconnected(arg) is called before anything is asked in a
 * session that takes the place of a lost one. NULL with *err set.
 */
struct reader *reader_start(
	const char *conninfo, void (*reconnected)(void *arg), void *arg, struct error *err);

/* What becomes of queries: */
enum reader_gate {
	READER_OPEN, /* they are asked */
	READER_HELD, /* they wait */
	READER_SHUT, /* they fail: the database has no answers for us any more */
};

/* Any thread; does not wait. */
void reader_set_gate(struct reader *r, enum reader_gate gate);

/* Stops the thread; queries that are under way fail. */
void reader_stop(struct reader *r);

/* Any thread; never waits for the database. */
void reader_submit(struct reader *r, struct reader_query *q);

/* A new query, zeroed. */
struct reader_query *reader_query_new(enum stmt stmt,
	void (*done)(struct reader_query *, const PGresult *, const struct error *), void *arg);
void reader_query_int(struct reader_query *q, int64_t v);
void reader_query_bytes(struct reader_query *q, const void *data, size_t len); /* at most 256 */
