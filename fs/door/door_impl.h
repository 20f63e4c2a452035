#pragma once

#include <pthread.h>

#include "base/buf.h"
#include "db/zone.h"
#include "door/door.h"
#include "door/peer.h"
#include "door/place.h"
#include "door/pool.h"
#include "door/rule.h"
#include "door/wire.h"

#define CLIENTS_MAX      64 /* at the same time */
#define CLIENTS_USER_MAX 8  /* of one user */

#define IDLE_MS     60000  /* a client may be silent for so long between requests, */
#define MESSAGE_MS  10000  /* within one, */
#define SEND_MS     10000  /* and without reading its answer */
#define STATEMENT_S 60     /* of the server's time for a statement, */
#define UNDO_S      10     /* for the plan of an undo: all others wait while it is done, */
#define ANSWER_MS   120000 /* and of ours until its last row is with the client */

struct door {
	struct door_config config;
	char dir[DOOR_NAME_MAX];
	ino_t ino;   /* of the socket's file */
	int fd;      /* listens */
	int stop_fd; /* eventfd: readable once it is time to end */
	struct pool *pool;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;     /* of a client's thread */
	uid_t users[CLIENTS_MAX]; /* of the clients */
	int clients;
};

/* A client, on its own thread. */
struct session {
	struct door *door;
	int fd;
	struct peer peer;
	const char *viewer; /* of peer; NULL for the owner of the mount, who sees everything */
	char zone[ZONE_SIZE];
	struct buf in, out;
};

/*
 * The files of a session use only those below them in this list, so that each can be read alone:
 * session.c (the dialogue), ask.c and undo.c (what is asked), query.c (the database), reply.c (the
 * client).
 */

/* Talks with a client until it or the door ends. */
void session_run(struct session *s);

/*
 * Runs a statement of the list for the client and appends the answer to s->out, sending it as it
 * grows: columns, rows and the end, or an error. False when the client is gone.
 */
bool session_ask(struct session *s, const struct door_rule *rule, const struct wire_bind *bind);

/* Requests an undo (sql/statements/door_undo.sql), waits for its answer and appends that. False
 * when the client is gone. */
bool session_undo(struct session *s, PGconn *conn, const char *args);

/*
 * Runs a query to its end; the answer may be an error. NULL when the client is gone, it is time to
 * end, or it takes too long: then it was cancelled. PQclear() it.
 */
PGresult *session_query(
	struct session *s, PGconn *conn, const char *sql, int nparams, const char *const *params);

/* Begins a transaction in which a statement takes no more than its time. */
bool session_begin(PGconn *conn, enum door_way way);

/* Returns when the last row of an answer must be with the client, by clock_mono_ns(). */
int64_t session_deadline(void);

/* Waits until PQgetResult() would not wait. False when it is later than end_ns, the client is gone,
 * or it is time to end. */
bool session_await_result(struct session *s, PGconn *conn, int64_t end_ns);

/* Asks the server to end the statement that the connection runs. */
void session_cancel(PGconn *conn);

/* Waits for `events` of the client. False: not within `ms`, or it is time to end. */
bool session_wait(const struct session *s, short events, int ms);

/* Sends what is in s->out. False when the client does not take it. */
bool session_flush(struct session *s);

/* Appends an error of ours, with the SQLSTATE that makes libpq's side of the same class of it. */
void session_fail(struct session *s, const struct error *err);

/* Appends an error of the server's; one without any is of ours. */
void session_refuse(struct session *s, const PGresult *res);
