#include "follow.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "base/show.h"
#include "db/conn.h"
#include "door.h"
#include "hex.h"
#include "print.h"

/* Rows of one statement. */
#define CHUNK      500
#define CHUNK_TEXT "500"

/* A notification only wakes: a lost one costs this delay, but no change. */
#define POLL_MS 5000
/* The door sends no notifications. */
#define DOOR_POLL_MS 1000

/* Columns of command_follow.sql. */
enum { COLUMN_OP, COLUMN_WANTED, COLUMN_JSON, COLUMN_TIME, COLUMN_PATH = 7, COLUMNS };

static const int widths[COLUMNS] = {[COLUMN_OP] = 9, [COLUMN_TIME] = 30, 10, 8, 24, 9};

struct follower {
	const struct target *target;
	const struct follow *wanted;
	PGconn *conn;
	char after[24];   /* the last op that was seen */
	char *path_hex;   /* the path's bytes as bytea reads them, or NULL */
	bool has_header;  /* the header was printed */
	useconds_t delay; /* microseconds before the next attempt to connect */
};

#define DELAY_MIN 100000
#define DELAY_MAX 3200000

/* "op:N" need not exist yet: a reader whose last op was N - 1 goes on with it. */
static bool starts_at_op(const char *since, char *op, size_t size)
{
	size_t n;

	if (!since || strncmp(since, "op:", 3))
		return false;
	n = strspn(since + 3, "0123456789");
	if (!n || n > 18 || since[3 + n])
		return false;
	snprintf(op, size, "%s", since + 3);
	return true;
}

static bool find_start(struct follower *f, struct error *err)
{
	char op[24];
	bool by_op = starts_at_op(f->wanted->since, op, sizeof(op));
	const char *params[] = {by_op ? op : NULL, by_op ? NULL : f->wanted->since};
	PGresult *res = ask(f->conn, STMT_COMMAND_FOLLOW_START, 2, params, err);
	bool ok = res && !PQgetisnull(res, 0, 0);

	if (ok)
		snprintf(f->after, sizeof(f->after), "%s", PQgetvalue(res, 0, 0));
	else if (res)
		error_set(err, ERR_USAGE, "there is no op %s yet: the last one is op:%s", op,
			PQgetvalue(res, 0, 1));
	PQclear(res);
	return ok;
}

/* Refuses a kind that there is not, for which one would wait for ever. Users and tags may come. */
static bool check_kind(struct follower *f, struct error *err)
{
	const char *params[] = {NULL, NULL, f->wanted->kind, NULL};
	PGresult *res = ask(f->conn, STMT_COMMAND_LOG_UNKNOWN, 4, params, err);
	bool ok = res && PQgetisnull(res, 0, 0);

	if (res && !ok)
		error_set(err, ERR_USAGE, "%s", PQgetvalue(res, 0, 0));
	PQclear(res);
	return ok;
}

static void print_columns(struct follower *f, const PGresult *res, int row)
{
	for (int i = COLUMN_OP; i < COLUMNS; i++) {
		if (i == COLUMN_WANTED || i == COLUMN_JSON)
			continue;
		print_safe(stdout, row < 0 ? PQfname(res, i) : PQgetvalue(res, row, i), widths[i]);
		fputs(i < COLUMN_PATH ? "  " : "\n", stdout);
	}
}

static void print_rows(struct follower *f, const PGresult *res)
{
	int n = PQntuples(res);

	for (int i = 0; i < n; i++) {
		if (*PQgetvalue(res, i, COLUMN_WANTED) != 't')
			continue;
		if (f->wanted->json) {
			print_json_line(PQgetvalue(res, i, COLUMN_JSON));
			continue;
		}
		if (!f->has_header)
			print_columns(f, res, -1);
		f->has_header = true;
		print_columns(f, res, i);
	}
	if (n)
		snprintf(f->after, sizeof(f->after), "%s", PQgetvalue(res, n - 1, COLUMN_OP));
}

/* Prints all changes that are committed. */
static bool catch_up(struct follower *f, struct error *err)
{
	const struct follow *w = f->wanted;
	const char *typed = *f->target->typed_path ? f->target->typed_path : NULL;
	const char *params[] = {f->after, CHUNK_TEXT, w->user, w->pid, w->exe, w->tag, w->kind,
		typed, f->path_hex, w->json ? "true" : "false", NULL};
	int n = CHUNK;

	while (n == CHUNK) {
		PGresult *res = ask(f->conn, STMT_COMMAND_FOLLOW, 11, params, err);
		if (!res)
			return false;
		n = PQntuples(res);
		print_rows(f, res);
		PQclear(res);
		if (fflush(stdout) != 0)
			return error_sys(err, "cannot write the output");
	}
	return true;
}

/* Waits for a sign of more changes. Sets *closed when nobody reads the output any more. */
static bool wait_for_more(struct follower *f, bool *closed, struct error *err)
{
	struct pollfd fds[] = {
		{.fd = PQsocket(f->conn), .events = POLLIN}, {.fd = STDOUT_FILENO, .events = 0}};
	PGnotify *note;

	if (poll(fds, 2, door_behind(f->conn) ? DOOR_POLL_MS : POLL_MS) < 0 && errno != EINTR)
		return error_sys(err, "cannot wait for changes");
	*closed = fds[1].revents & (POLLERR | POLLHUP | POLLNVAL);
	if (!PQconsumeInput(f->conn))
		return db_error(f->conn, NULL, "cannot wait for changes", err);
	while ((note = PQnotifies(f->conn)))
		PQfreemem(note);
	return true;
}

static bool session(struct follower *f, struct error *err)
{
	bool closed = false;

	f->conn = target_ask(f->target, err);
	/* The order matters: a change after the first look wakes. */
	if (!f->conn || (!door_behind(f->conn) && !db_exec(f->conn, "listen thule_change", err)))
		return false;
	if (!*f->after && (!check_kind(f, err) || !find_start(f, err)))
		return false;
	f->delay = DELAY_MIN;
	while (!closed)
		if (!catch_up(f, err) || !wait_for_more(f, &closed, err))
			return false;
	return true;
}

/* Says whether trying again can help. A server that shuts down says so by SQLSTATE 57P. */
static bool is_lost(const struct error *err)
{
	return err->class == ERR_UNREACHABLE || err->class == ERR_TRANSIENT ||
	       !strncmp(err->sqlstate, "57P", 3);
}

bool follow(const struct target *t, const struct follow *wanted, struct error *err)
{
	struct follower f = {.target = t, .wanted = wanted, .delay = DELAY_MIN};
	bool ok;

	f.path_hex = *t->path ? hex_bytea(t->path) : NULL;
	/* There is nothing to resume when even the first connection fails. */
	while (!(ok = session(&f, err)) && is_lost(err) && *f.after) {
		PQfinish(f.conn);
		f.conn = NULL;
		if (f.delay == DELAY_MIN)
			show_line(stderr, "thule: %s; trying again\n", err->text);
		usleep(f.delay);
		f.delay = f.delay < DELAY_MAX ? f.delay * 2 : DELAY_MAX;
	}
	PQfinish(f.conn);
	free(f.path_hex);
	return ok;
}
