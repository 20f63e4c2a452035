#include "past.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "base/show.h"
#include "db/conn.h"
#include "door.h"
#include "hex.h"

#define PAGE_BYTES (1 << 20)

/* What is acknowledged and not committed belongs to the past as well. A mount whose daemon is gone
 * commits nothing, and what the database has is what there is. */
static void settle(const struct mount_point *m)
{
	int fd = open(m->dir, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (fsync(fd) < 0)
		show_line(stderr, "thule: the newest changes in %s are not in the database yet\n",
			m->dir);
	close(fd);
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

bool past_connect(struct past *p, const char *path, struct error *err)
{
	memset(p, 0, sizeof(*p));
	if (!target_find(path, &p->target, err))
		return false;
	if (p->target.mounted && !p->target.door)
		settle(&p->target.mount);
	p->conn = target_ask(&p->target, err);
	if (!p->conn)
		return false;
	/* The daemon settles by itself, and takes single statements: what they mean is an op. */
	if (door_behind(p->conn) ||
		db_exec(p->conn, "begin isolation level repeatable read read only", err))
		return true;
	past_close(p);
	return false;
}

/* Takes the answer of command_past. */
static bool take(
	struct past *p, const PGresult *res, const char *path, const char *at, struct error *err)
{
	if (PQgetisnull(res, 0, 1))
		return error_set(err, ERR_NOT_FOUND, "there %s %s%s%s", at ? "was no" : "is no",
			PQgetvalue(res, 0, 3), at ? " at " : "", at ? at : "");
	snprintf(p->op, sizeof(p->op), "%s", PQgetvalue(res, 0, 0));
	snprintf(p->ino, sizeof(p->ino), "%s", PQgetvalue(res, 0, 1));
	snprintf(p->kind, sizeof(p->kind), "%s", PQgetvalue(res, 0, 2));
	p->path = strdup(PQgetvalue(res, 0, 3));
	return p->path || error_set(err, ERR_SYSTEM, "out of memory");
}

bool past_open(struct past *p, const char *path, const char *at, struct error *err)
{
	struct past_path typed;
	PGresult *res;
	bool ok;

	if (!past_connect(p, path, err))
		return false;
	typed = past_path(&p->target);
	res = past_query(p, statements[STMT_COMMAND_PAST].text, 4,
		(const char *[]){at, typed.text, typed.bytes, NULL}, false, err);
	free(typed.bytes);
	ok = res && take(p, res, path, at, err);
	PQclear(res);
	if (!ok)
		past_close(p);
	return ok;
}

void past_close(struct past *p)
{
	PQfinish(p->conn);
	free(p->path);
	p->conn = NULL;
	p->path = NULL;
}

bool past_read(struct past *p, const char *ino, uint64_t from, uint64_t to,
	bool (*sink)(void *arg, const char *data, size_t len, struct error *err), void *arg,
	struct error *err)
{
	char off[24], page[24];
	const char *params[] = {ino, p->op, off, page, NULL};
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
