#pragma once

#include <stdint.h>

#include "db/database.h"

/*
 * A connection for reading, in pipeline mode, served by a thread of its own: whoever misses
 * something submits a query and goes on; the answer comes by callback. When the connection is lost,
 * it is made anew and what was not answered is asked again, for as long as it takes.
 */
struct reader;

#define READER_MAX_PARAMS 4

/* An answer of a server nearby comes sooner, and is waited for awake (base/spin.h). */
#define READER_SPIN_NS INT64_C(250000)

struct reader_query {
	enum stmt stmt;
	int nparams;
	struct {
		int len;
		char data[256]; /* in binary format */
	} params[READER_MAX_PARAMS];
	const char
		*arrays[READER_MAX_PARAMS]; /* those that are arrays, behind the query; NULL: not */
	/*
	 * Called once, on the reader's thread. `res` has binary columns, has been checked
	 * (db/row.h), and is the callee's to clear, as the query is to free; NULL with err set when
	 * the query failed, its answer cannot be or the reader stops.
	 */
	void (*done)(struct reader_query *q, PGresult *res, const struct error *err);
	void *arg;
	struct reader_query *next;
	uint32_t user;    /* who asks, for a pool */
	bool asked_again; /* the reader's */
	struct trace_span span;
};

struct reader_config {
	struct database *database;
	const char *application; /* in pg_stat_activity */
	struct database_statements statements;
	const char *advice;  /* what to do about a statement that met its limit; NULL: nothing */
	struct trace *trace; /* counts what each question takes; may be NULL */
	/* Called on the thread before anything is asked in a session that takes the place of a lost
	 * one. */
	void (*reconnected)(void *arg);
	void *arg;
	/* NULL, or called on the thread when all that was submitted has been answered. */
	void (*idle)(void *idle_arg);
	void *idle_arg;
};

/* Connects and starts the thread. What the configuration points to stays the caller's. NULL with
 * *err set. */
struct reader *reader_start(const struct reader_config *config, struct error *err);

/* The statements that ask for the present, and those that ask for the past. */
extern const struct database_statements reader_present, reader_past;

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

/* On the reader's thread: whether all that was submitted has been answered. */
bool reader_is_idle(struct reader *r);

/* Any thread: whether a question is under way, as far as can be known without waiting. */
bool reader_is_busy(struct reader *r);

/* Any thread; never waits for the database. */
void reader_submit(struct reader *r, struct reader_query *q);

/* A new query, zeroed. */
struct reader_query *reader_query_new(enum stmt stmt,
	void (*done)(struct reader_query *, PGresult *, const struct error *), void *arg);
/* The same, with arrays of bigint as its first parameters: count values in each of the columns. */
struct reader_query *reader_query_new_arrays(enum stmt stmt,
	void (*done)(struct reader_query *, PGresult *, const struct error *), void *arg,
	const uint64_t *const *columns, int ncolumns, size_t count);
void reader_query_int(struct reader_query *q, int64_t v);
void reader_query_bytes(struct reader_query *q, const void *data, size_t len); /* at most 256 */
