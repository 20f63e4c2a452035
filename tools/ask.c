#include "ask.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/conn.h"
#include "door.h"
#include "mounts.h"
#include "self.h"

bool ask_refused(const PGresult *res, struct error *err)
{
	static const struct {
		const char *prefix;
		enum error_class class;
	} table[] = {
		{"22", ERR_USAGE}, {"42501", ERR_AUTH}, {"42710", ERR_USAGE}, {"42809", ERR_USAGE},
		{"P0002", ERR_NOT_FOUND}, {"53400", ERR_NO_SPACE}, /* of a quota */
		{"55006", ERR_BUSY}, {"57014", ERR_BUSY},          /* it took too long */
	};
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const char *hint = PQresultErrorField(res, PG_DIAG_MESSAGE_HINT);

	for (size_t i = 0; state && text && i < sizeof(table) / sizeof(table[0]); i++) {
		if (strncmp(state, table[i].prefix, strlen(table[i].prefix)))
			continue;
		error_set(err, table[i].class, "%s%s%s", text, hint ? ". " : "", hint ? hint : "");
		snprintf(err->sqlstate, sizeof(err->sqlstate), "%s", state);
		return true;
	}
	return false;
}

PGresult *ask(
	PGconn *conn, enum stmt stmt, int nparams, const char *const *params, struct error *err)
{
	PGresult *res =
		PQexecParams(conn, statements[stmt].text, nparams, NULL, params, NULL, NULL, 0);

	if (PQresultStatus(res) == PGRES_TUPLES_OK || PQresultStatus(res) == PGRES_COMMAND_OK)
		return res;
	if (!ask_refused(res, err))
		db_error(conn, res, "the database refused a query", err);
	PQclear(res);
	return NULL;
}

const char *ask_user(char *buf, size_t size)
{
	const struct passwd *user = getpwuid(geteuid());

	if (user)
		snprintf(buf, size, "%s", user->pw_name);
	else
		snprintf(buf, size, "%u", geteuid());
	return buf;
}

bool ask_mounted_here(PGconn *conn, char *dir)
{
	char boot[SELF_BOOT_ID];
	const char *params[] = {boot};
	struct mount_point m;
	PGresult *res;
	bool found;

	self_boot_id(boot);
	res = ask(conn, STMT_COMMAND_MOUNTED_HERE, 1, params, NULL);
	found = res && PQntuples(res) == 1 && !PQgetisnull(res, 0, 0) &&
		mountinfo_by_device((unsigned int)atol(PQgetvalue(res, 0, 0)), &m);
	if (found)
		snprintf(dir, PATH_MAX, "%s", m.dir);
	PQclear(res);
	return found;
}

bool ask_sync(PGconn *conn, struct error *err)
{
	char dir[PATH_MAX];
	bool ok;
	int fd;

	/* The daemon does that by itself. */
	if (door_behind(conn) || !ask_mounted_here(conn, dir))
		return true;
	/* fsync of anything commits everything before it. */
	fd = open(dir, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, "cannot commit what was changed in %s", dir);
	ok = fsync(fd) == 0;
	if (!ok)
		error_sys(err, "not everything in %s is in the database", dir);
	close(fd);
	return ok;
}

PGresult *ask_again(
	PGconn *conn, enum stmt stmt, int nparams, const char *const *params, struct error *err)
{
	PGresult *res = ask(conn, stmt, nparams, params, err);

	return res || !ask_sync(conn, NULL) ? res : ask(conn, stmt, nparams, params, err);
}
