#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/trace.h"
#include "db/statement.h"

/*
 * The seam between the daemon and its database: all that the drain and the reader ask of it. The
 * daemon uses libpq (libpq.h); unit tests use a database in memory (tests/unit/memory.h), which
 * needs no server and loses sessions and answers when it is told to. The functions below ask the
 * implementation, and pass the named fault points on the way (base/fault.h), so both of them fail
 * alike.
 */
struct database {
	const struct database_ops *ops;
};

/* One session, used by one thread. */
struct database_session {
	const struct database_ops *ops;
	struct trace_span *span; /* of the batch that is applied; NULL: nobody times it */
	uint64_t marked; /* the mount whose batch was the last that this session applied; 0: none */
};

/* A statement of the catalogue with its parameters, all in binary format. */
struct database_call {
	enum stmt stmt;
	int nparams;
	const char *const *values;
	const int *lengths;
	/* Of parameters that are arrays: how many rows they are, a COPY that takes the same rows
	 * with the same columns, and a statement that takes one of them. 0: there is none. */
	int rows;
	enum stmt copy, one;
};

/* What a session of the drain does about the lease when it begins. */
enum database_lease {
	DATABASE_TAKE,   /* takes it, if nobody has it */
	DATABASE_MOVE,   /* asks a mount of another host that has it to let go of it */
	DATABASE_FOLLOW, /* leaves it to others: the session applies nothing before it has it */
};

/* The statements that a session is going to use. */
struct database_statements {
	const enum stmt *ids;
	int count;
	unsigned int
		limit; /* seconds that a reader's statement may take: then ERR_TIMEOUT. 0: any */
};

/* How far the database has come, as a session sees it that takes the place of a lost one. */
struct database_progress {
	uint64_t last_op; /* of the mount that asks */
	uint64_t next_op, next_ino, next_blob;
	int64_t at;  /* time of op next_op - 1, microseconds since the epoch; 0: the log lacks it */
	bool known;  /* the mount that asks has a row */
	bool fenced; /* a newer mount has written since */
};

/* A statement has at most so many parameters. */
#define DATABASE_MAX_PARAMS 21

/*
 * The contract of each operation. None waits for anything but the database; "false" comes with
 * *err set (err may be NULL). ERR_UNREACHABLE means that the session is lost, and perhaps the
 * answer alone: nobody knows then whether the server did its part. After any other error
 * nothing was done, and the session goes on.
 */
struct database_ops {
	const char *name;
	void (*free)(struct database *db);

	/* --- the drain's session, which holds the lease --- */

	/*
	 * Begins a session, takes the lease as `lease` says and prepares the statements. NULL with
	 * ERR_LEASE when another session holds the lease. The lease is let go of when the session
	 * is closed, or moves to a session that asks for it.
	 */
	struct database_session *(*open_writer)(struct database *db, enum database_lease lease,
		const struct database_statements *stmts, struct error *err);
	/*
	 * After ERR_LEASE, for the daemon that had the lease as `mount`: *taken says whether
	 * another mount has it now, and *last_op which op of this one is the last that the
	 * database has. Where it is still a session of ours that the server takes for alive, as
	 * after a network that went silent, that is ended.
	 */
	bool (*reclaim)(struct database *db, uint64_t mount, bool *taken, uint64_t *last_op,
		struct error *err);
	/* Notes that this session is the one of `mount`, and reads how far the database has come;
	 * mount 0 has no row and only reads. */
	bool (*progress)(struct database_session *s, uint64_t mount, struct database_progress *out,
		struct error *err);
	/*
	 * Applies the calls in order as one transaction and waits for its commit: all or nothing.
	 * With `flush` the commit, and with it each one before, is on the server's disk when this
	 * returns; without, a server that crashes may lose it. Without calls, it flushes alone.
	 */
	bool (*apply)(struct database_session *s, const struct database_call *calls, int count,
		bool flush, struct error *err);

	/* --- a reader's session --- */

	/* Begins a session for reading. `application` is its name for people. */
	struct database_session *(*open_reader)(struct database *db, const char *application,
		const struct database_statements *stmts, struct error *err);
	/*
	 * Whether the session is with the same server as the writer's last one, without asking
	 * anybody: names of several hosts, and names of one, may lead elsewhere. True where there
	 * has been no writer.
	 */
	bool (*beside_writer)(const struct database_session *s);
	/* Queues a question without waiting. False when the session is lost. */
	bool (*ask)(struct database_session *s, const struct database_call *call);
	/* Sends, and receives when poll(2) has found it readable, as far as that needs no waiting;
	 * *more: something is left to be sent. False when the session is lost. */
	bool (*exchange)(struct database_session *s, bool readable, bool *more);
	/*
	 * Sets *res to the answer to the oldest question without one, NULL when it has not come
	 * yet: the rows, in binary format, or an error of the server. PQclear() it. Answers come in
	 * the order of the questions, and a question that fails takes no other with it. False when
	 * the session is lost: questions without an answer are to be asked again.
	 */
	bool (*answer)(struct database_session *s, PGresult **res);

	/* --- any session --- */

	/* Returns the descriptor that poll(2) finds readable when the database has something to
	 * say. */
	int (*fd)(struct database_session *s);
	/* Takes the words that the database has sent on its own, without waiting. False with *err
	 * set when the session has ended. */
	bool (*alive)(struct database_session *s, struct error *err);
	/* Returns the connection, ready for blocking commands that are no part of the journal: of
	 * mounting, of a job. NULL in memory, and when the session is lost. */
	PGconn *(*connection)(struct database_session *s);
	void (*close)(struct database_session *s);
};

/* Each asks the operation of its name. A session may be NULL: it is taken for a lost one. */
void database_free(struct database *db);
struct database_session *database_open_writer(struct database *db, enum database_lease lease,
	const struct database_statements *stmts, struct error *err);
bool database_reclaim(
	struct database *db, uint64_t mount, bool *taken, uint64_t *last_op, struct error *err);
bool database_progress(struct database_session *s, uint64_t mount, struct database_progress *out,
	struct error *err);
/* What it takes to apply batches from here on is a phase of the span, which outlives the session.
 */
void database_trace(struct database_session *s, struct trace_span *span);
bool database_apply(struct database_session *s, const struct database_call *calls, int count,
	bool flush, struct error *err);
struct database_session *database_open_reader(struct database *db, const char *application,
	const struct database_statements *stmts, struct error *err);
bool database_beside_writer(const struct database_session *s, struct error *err);
/* As if the session was lost, also where it is not beside the writer's. */
bool database_ask(struct database_session *s, const struct database_call *call);
bool database_exchange(struct database_session *s, bool readable, bool *more);
bool database_answer(struct database_session *s, PGresult **res);
int database_fd(struct database_session *s);
bool database_alive(struct database_session *s, struct error *err);
PGconn *database_connection(struct database_session *s);
void database_close(struct database_session *s);
