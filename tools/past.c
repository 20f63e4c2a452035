#include "past.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "base/path.h"
#include "base/show.h"
#include "db/conn.h"
#include "door.h"
#include "hex.h"
#include "sync.h"

#define PAGE_BYTES (1 << 20)

/* The number of times that a path of the past may leave the mount and come back. */
#define OUTSIDE_MAX 40

/*
 * Commits the changes that are acknowledged, which belong to the past as well. A mount whose daemon
 * is gone commits nothing: the past is then in the database already.
 */
static void commit_acknowledged(const struct mount_point *m)
{
	struct error err;

	if (!sync_directory(m->dir, &err) && err.class == ERR_UNREACHABLE)
		show_line(stderr, "thule: the newest changes are left out: %s\n", err.text);
}

PGresult *past_query(struct past *p, const char *sql, int nparams, const char *const *params,
	bool binary, struct error *err)
{
	PGresult *res = PQexecParams(p->conn, sql, nparams, NULL, params, NULL, NULL, binary);

	if (PQresultStatus(res) == PGRES_TUPLES_OK || PQresultStatus(res) == PGRES_COMMAND_OK)
		return res;
	if (!ask_refused(res, err))
		db_error(p->conn, res, "the database refused a query", err);
	PQclear(res);
	return NULL;
}

struct past_path past_path(const struct target *t)
{
	return (struct past_path){
		*t->typed_path ? t->typed_path : NULL, *t->path ? hex_bytea(t->path) : NULL};
}

void past_start(const struct target *t, struct past_start *s)
{
	char *dir;

	memset(s, 0, sizeof(*s));
	if (!t->start)
		return;
	snprintf(s->start, sizeof(s->start), "%" PRIu64, t->start);
	snprintf(s->top, sizeof(s->top), "%" PRIu64, t->top);
	s->rest = hex_bytea(t->rest);
	dir = t->mount.whole && strcmp(t->mount.dir, "/") ? hex_bytea(t->mount.dir) : NULL;
	/* An array of one bytea, or of none. Only the kernel knows the directories outside. */
	if (asprintf(&s->home, "{%s%s%s}", dir ? "\"\\" : "", dir ? dir : "", dir ? "\"" : "") < 0)
		s->home = NULL;
	free(dir);
	s->values[PAST_START] = s->start;
	s->values[PAST_REST] = s->rest;
	s->values[PAST_TOP] = t->top ? s->top : NULL;
	s->values[PAST_HOME] = s->home;
}

void past_start_release(struct past_start *s)
{
	free(s->rest);
	free(s->home);
}

bool past_snapshot(PGconn *conn, struct error *err)
{
	return door_behind(conn) ||
	       db_exec(conn, "begin isolation level repeatable read read only", err);
}

static bool connect_target(struct past *p, struct error *err)
{
	if (p->target.mounted && !p->target.door)
		commit_acknowledged(&p->target.mount);
	p->conn = target_ask(&p->target, err);
	if (!p->conn)
		return false;
	if (past_snapshot(p->conn, err))
		return true;
	past_close(p);
	return false;
}

bool past_connect(struct past *p, const char *path, struct error *err)
{
	memset(p, 0, sizeof(*p));
	return target_find_past(path, &p->target, err) && connect_target(p, err);
}

/* Columns of command_past. */
enum { OP, INO, KIND, PLACE, TARGET, PROBLEM, OUTSIDE };

static bool not_there(const PGresult *res, const char *at, struct error *err)
{
	const char *problem = PQgetvalue(res, 0, PROBLEM);

	return error_set(err, ERR_NOT_FOUND, "there %s %s%s%s%s%s", at ? "was no" : "is no",
		PQgetvalue(res, 0, PLACE), at ? " at " : "", at ? at : "", *problem ? ": " : "",
		problem);
}

/* Takes the answer of command_past. */
static bool take(struct past *p, const PGresult *res, const char *at, struct error *err)
{
	if (PQgetisnull(res, 0, INO))
		return not_there(res, at, err);
	snprintf(p->op, sizeof(p->op), "%s", PQgetvalue(res, 0, OP));
	snprintf(p->ino, sizeof(p->ino), "%s", PQgetvalue(res, 0, INO));
	snprintf(p->kind, sizeof(p->kind), "%s", PQgetvalue(res, 0, KIND));
	p->path = strdup(PQgetvalue(res, 0, PLACE));
	p->link = PQgetisnull(res, 0, TARGET) ? NULL : strdup(PQgetvalue(res, 0, TARGET));
	return (p->path && (p->link || PQgetisnull(res, 0, TARGET))) ||
	       error_set(err, ERR_SYSTEM, "out of memory");
}

static PGresult *walk(struct past *p, const char *at, bool follow, struct error *err)
{
	struct past_path typed = past_path(&p->target);
	struct past_start s;
	PGresult *res;

	past_start(&p->target, &s);
	res = past_query(p, statements[STMT_COMMAND_PAST].text, 9,
		(const char *[]){at, typed.text, typed.bytes, s.values[PAST_START],
			s.values[PAST_REST], s.values[PAST_TOP], s.values[PAST_HOME],
			follow ? "true" : "false", NULL},
		false, err);
	past_start_release(&s);
	free(typed.bytes);
	return res;
}

/*
 * Follows a path of the past out of the mount, where the kernel of today resolves it. Returns true,
 * with p->target set, when it leads into the same filesystem again.
 */
static bool go_outside(struct past *p, const PGresult *res)
{
	static const char above[] = "./..";
	struct target t;
	char path[PATH_MAX], dir[PATH_MAX];
	size_t len;
	unsigned char *left = PQunescapeBytea((unsigned char *)PQgetvalue(res, 0, OUTSIDE), &len);
	bool ok = left != NULL;

	snprintf(dir, sizeof(dir), "%s", p->target.mount.dir);
	*strrchr(dir, '/') = '\0';
	if (ok && *left == '/')
		ok = path_format(path, sizeof(path), NULL, "%.*s", (int)len, (char *)left);
	else if (ok)
		ok = path_format(path, sizeof(path), NULL, "%s/%.*s", dir,
			(int)(len - sizeof(above) + 1), (char *)left + sizeof(above) - 1);
	PQfreemem(left);
	if (!ok || !target_find_past(path, &t, NULL) || !t.mounted || t.door != p->target.door ||
		!(t.door ? mountinfo_same(&t.mount, &p->target.mount)
			 : !strcmp(t.conninfo, p->target.conninfo)))
		return false;
	p->target = t;
	return true;
}

bool past_open(struct past *p, const char *path, const char *at, bool follow, struct error *err)
{
	char instant[AT_SIZE];
	PGresult *res;
	bool ok;

	memset(p, 0, sizeof(*p));
	if (!target_find_past(path, &p->target, err) || !target_instant(&p->target, at, &at, err) ||
		!connect_target(p, err))
		return false;
	/* It is the path's own, which may be left. */
	if (at == p->target.at)
		at = memcpy(instant, at, sizeof(instant));
	res = walk(p, at, follow, err);
	for (int i = 0; i < OUTSIDE_MAX && res && p->target.mounted &&
			!PQgetisnull(res, 0, OUTSIDE) && go_outside(p, res);
		i++) {
		PQclear(res);
		res = walk(p, at, follow, err);
	}
	ok = res && take(p, res, at, err);
	PQclear(res);
	if (!ok)
		past_close(p);
	return ok;
}

void past_close(struct past *p)
{
	PQfinish(p->conn);
	free(p->path);
	free(p->link);
	p->conn = NULL;
	p->link = NULL;
	p->path = NULL;
}

bool past_read(struct past *p, const char *ino, uint64_t from, uint64_t to,
	bool (*sink)(void *arg, const char *data, size_t len, struct error *err), void *arg,
	struct error *err)
{
	return past_read_as_of(p, ino, p->op, from, to, sink, arg, err);
}

bool past_read_as_of(struct past *p, const char *ino, const char *op, uint64_t from, uint64_t to,
	bool (*sink)(void *arg, const char *data, size_t len, struct error *err), void *arg,
	struct error *err)
{
	char off[24], page[24];
	const char *params[] = {ino, op, off, page, NULL};
	uint64_t wanted = PAGE_BYTES;
	uint64_t n = wanted;
	bool ok = true;

	for (uint64_t at = from; ok && at < to && n == wanted; at += n) {
		PGresult *res;

		wanted = to - at < PAGE_BYTES ? to - at : PAGE_BYTES;
		snprintf(off, sizeof(off), "%" PRIu64, at);
		snprintf(page, sizeof(page), "%" PRIu64, wanted);
		res = past_query(p, statements[STMT_COMMAND_READ].text, 5, params, true, err);
		if (!res)
			return false;
		n = (uint64_t)PQgetlength(res, 0, 0);
		ok = n == 0 || sink(arg, PQgetvalue(res, 0, 0), (size_t)n, err);
		PQclear(res);
	}
	return ok;
}
