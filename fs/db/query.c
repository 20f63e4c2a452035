#include "db/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum error_class db_sqlstate_class(const char *sqlstate)
{
	/* PostgreSQL 15 manual, appendix A. The longest prefix that matches decides. */
	static const struct {
		const char *prefix;
		enum error_class class;
	} table[] = {
		{"08", ERR_UNREACHABLE},
		{"28", ERR_AUTH},
		{"3D000", ERR_NOT_FOUND},
		{"40", ERR_TRANSIENT},
		{"42501", ERR_AUTH},
		{"53100", ERR_NO_SPACE},
		{"53300", ERR_TRANSIENT},
		{"55P03", ERR_BUSY},
		{"57014", ERR_TIMEOUT},
		{"57P01", ERR_UNREACHABLE},
		{"57P02", ERR_UNREACHABLE},
		{"57P03", ERR_TRANSIENT},
		{"XX001", ERR_CORRUPT},
		{"XX002", ERR_CORRUPT},
	};
	if (!sqlstate || !*sqlstate)
		return ERR_UNREACHABLE;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strncmp(sqlstate, table[i].prefix, strlen(table[i].prefix)))
			return table[i].class;
	return ERR_INTERNAL;
}

bool db_error(PGconn *conn, const PGresult *res, const char *doing, struct error *err)
{
	const char *state = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
	const char *text =
		res ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : PQerrorMessage(conn);
	const char *hint = res ? PQresultErrorField(res, PG_DIAG_MESSAGE_HINT) : NULL;
	enum error_class class = db_sqlstate_class(state);

	/* libpq itself refused something; the connection is as it was. */
	if (res && !state && PQstatus(conn) == CONNECTION_OK)
		class = ERR_INTERNAL;
	error_set(err, class, "%s: %s%s%s", doing, text && *text ? text : "the connection was lost",
		hint ? ". " : "", hint ? hint : "");
	if (err) {
		if (state)
			snprintf(err->sqlstate, sizeof(err->sqlstate), "%s", state);
		error_one_line(err);
	}
	return false;
}

bool db_exec(PGconn *conn, const char *sql, struct error *err)
{
	PGresult *res = PQexec(conn, sql);
	ExecStatusType status = PQresultStatus(res);
	bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
		  status == PGRES_EMPTY_QUERY;
	if (!ok)
		db_error(conn, res, "the database refused a command", err);
	PQclear(res);
	return ok;
}

PGresult *db_query(
	PGconn *conn, const char *sql, int nparams, const char *const *params, struct error *err)
{
	PGresult *res = PQexecParams(conn, sql, nparams, NULL, params, NULL, NULL, 0);
	if (PQresultStatus(res) == PGRES_TUPLES_OK || PQresultStatus(res) == PGRES_COMMAND_OK)
		return res;
	db_error(conn, res, "the database refused a query", err);
	PQclear(res);
	return NULL;
}

bool db_query_u64(PGconn *conn, const char *sql, uint64_t param, uint64_t *out, struct error *err)
{
	char text[24];
	const char *params[] = {text};
	PGresult *res;

	snprintf(text, sizeof(text), "%llu", (unsigned long long)param);
	res = db_query(conn, sql, 1, params, err);
	if (!res)
		return false;
	*out = PQntuples(res) ? strtoull(PQgetvalue(res, 0, 0), NULL, 10) : 0;
	PQclear(res);
	return true;
}

bool db_prepare(PGconn *conn, enum stmt stmt, struct error *err)
{
	const struct statement *s = &statements[stmt];
	PGresult *res = PQprepare(conn, s->name, s->text, 0, NULL);
	bool ok = PQresultStatus(res) == PGRES_COMMAND_OK;
	if (!ok)
		db_error(conn, res, s->name, err);
	PQclear(res);
	return ok;
}
