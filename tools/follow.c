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
enum {
	COLUMN_OP,
	COLUMN_WANTED,
	COLUMN_JSON,
	COLUMN_TIME,
	COLUMN_PATH = 8, /* the last one that is printed */
	COLUMN_NAMED,
	COLUMN_NEW_PATH,
	COLUMN_TAG,
};

static const int widths[COLUMN_PATH + 1] = {[COLUMN_OP] = 9, [COLUMN_TIME] = 30, 10, 8, 24, 9};

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

static bool find_start(struct follower *f, const char *since, struct error *err)
{
	const struct follow_use *use = f->wanted->use;
	char op[24];
	bool by_op = starts_at_op(since, op, sizeof(op));
	const char *params[] = {by_op ? op : NULL, by_op ? NULL : since};
	PGresult *res = ask(f->conn, STMT_COMMAND_FOLLOW_START, 2, params, err);
	bool ok = res && !PQgetisnull(res, 0, 0);

	if (ok)
		snprintf(f->after, sizeof(f->after), "%s", PQgetvalue(res, 0, 0));
	else if (res)
		error_set(err, ERR_USAGE, "there is no op %s yet: the last one is op:%s", op,
			PQgetvalue(res, 0, 1));
	if (ok && use)
		use->begin(f->wanted->arg, *PQgetvalue(res, 0, 2) == 't');
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
	for (int i = COLUMN_OP; i <= COLUMN_PATH; i++) {
		if (i == COLUMN_WANTED || i == COLUMN_JSON)
			continue;
		print_safe(stdout, row < 0 ? PQfname(res, i) : PQgetvalue(res, row, i), widths[i]);
		fputs(i < COLUMN_PATH ? "  " : "\n", stdout);
	}
}

static void print_row(struct follower *f, const PGresult *res, int row)
{
	if (f->wanted->json) {
		print_json_line(PQgetvalue(res, row, COLUMN_JSON));
		return;
	}
	if (!f->has_header)
		print_columns(f, res, -1);
	f->has_header = true;
	print_columns(f, res, row);
}

static void take_rows(struct follower *f, const PGresult *res)
{
	const struct follow *w = f->wanted;
	int n = PQntuples(res);

	for (int i = 0; i < n; i++) {
		struct follow_change change = {PQgetvalue(res, i, COLUMN_OP),
			PQgetvalue(res, i, COLUMN_NAMED), PQgetvalue(res, i, COLUMN_NEW_PATH),
			PQgetvalue(res, i, COLUMN_TAG)};

		if (*PQgetvalue(res, i, COLUMN_WANTED) != 't')
			continue;
		if (w->use)
			w->use->take(w->arg, &change);
		else
			print_row(f, res, i);
	}
	if (n)
		snprintf(f->after, sizeof(f->after), "%s", PQgetvalue(res, n - 1, COLUMN_OP));
}

/* Takes all changes that are committed. */
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
		take_rows(f, res);
		PQclear(res);
		if (fflush(stdout) != 0)
			return error_sys(err, "cannot write the output");
	}
	return true;
}

/* Ends when nobody reads the output any more. */
static enum follow_next watch_output(struct pollfd *wake)
{
	*wake = (struct pollfd){.fd = STDOUT_FILENO, .events = 0};
	if (poll(wake, 1, 0) < 0)
		return FOLLOW_ON;
	return wake->revents & (POLLERR | POLLHUP | POLLNVAL) ? FOLLOW_END : FOLLOW_ON;
}

/* Decides how it goes on, and if it does, waits for a sign of more changes. */
static enum follow_next turn(struct follower *f, struct error *err)
{
	struct pollfd fds[] = {{.fd = PQsocket(f->conn), .events = POLLIN}, {.fd = -1}};
	int wait_ms = door_behind(f->conn) ? DOOR_POLL_MS : POLL_MS;
	const struct follow *w = f->wanted;
	enum follow_next next =
		w->use ? w->use->turn(w->arg, &fds[1], &wait_ms, err) : watch_output(&fds[1]);
	PGnotify *note;
	bool ok = true;

	if (next != FOLLOW_ON)
		return next;
	if (poll(fds, 2, wait_ms) < 0 && errno != EINTR)
		ok = error_sys(err, "cannot wait for changes");
	else if (!PQconsumeInput(f->conn))
		ok = db_error(f->conn, NULL, "cannot wait for changes", err);
	while ((note = PQnotifies(f->conn)))
		PQfreemem(note);
	return ok ? FOLLOW_ON : FOLLOW_FAILED;
}

static bool session(struct follower *f, struct error *err)
{
	enum follow_next next = FOLLOW_ON;

	f->conn = target_ask(f->target, err);
	/* The order matters: a change after the first look wakes. */
	if (!f->conn || (!door_behind(f->conn) && !db_exec(f->conn, "listen thule_change", err)))
		return false;
	if (!*f->after && (!check_kind(f, err) || !find_start(f, f->wanted->since, err)))
		return false;
	f->delay = DELAY_MIN;
	while (next != FOLLOW_END) {
		if (next == FOLLOW_SKIP ? !find_start(f, NULL, err) : !catch_up(f, err))
			return false;
		next = turn(f, err);
		if (next == FOLLOW_FAILED)
			return false;
	}
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
