#include "ask.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "db/conn.h"
#include "patience.h"

bool ask_refused(const PGresult *res, struct error *err)
{
	static const struct {
		const char *prefix;
		enum error_class class;
	} table[] = {
		{"22", ERR_USAGE}, {"42501", ERR_AUTH}, {"42710", ERR_USAGE}, {"42809", ERR_USAGE},
		{"P0002", ERR_NOT_FOUND}, {"53400", ERR_NO_SPACE}, /* by a quota */
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
	PGresult *res = patience_exec(conn, statements[stmt].text, nparams, params);

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
