#include "db/conn.h"

#include <stdio.h>
#include <string.h>

#include "db/settings.h"
#include "db/zone.h"

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

/* libpq's messages end in a newline and may have several lines; an error is one line. */
static void one_line(char *text)
{
	size_t n = strlen(text);
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		text[--n] = '\0';
	for (char *p = text; *p; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
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
		hint ? "; " : "", hint ? hint : "");
	if (err) {
		if (state)
			snprintf(err->sqlstate, sizeof(err->sqlstate), "%s", state);
		one_line(err->text);
	}
	return false;
}

/* libpq gives no SQLSTATE for a failed connection: the server's words are all there is. */
static enum error_class connect_class(const char *text)
{
	static const struct {
		const char *words;
		enum error_class class;
	} table[] = {
		{"password", ERR_AUTH},
		{"authentication failed", ERR_AUTH},
		{"no pg_hba.conf entry", ERR_AUTH},
		{"starting up", ERR_TRANSIENT},
		{"shutting down", ERR_TRANSIENT},
		{"not yet accepting", ERR_TRANSIENT},
		{"too many clients", ERR_TRANSIENT},
		{"does not exist", ERR_NOT_FOUND},
		{"missing \"=\"", ERR_USAGE},
		{"invalid connection option", ERR_USAGE},
		{"invalid URI", ERR_USAGE},
	};
	/* A missing socket file also "does not exist", but it is the server that is not there. */
	if (strstr(text, "No such file or directory"))
		return ERR_UNREACHABLE;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strstr(text, table[i].words))
			return table[i].class;
	return ERR_UNREACHABLE;
}

static void drop_notice(void *arg, const char *message)
{
	/* "relation already exists, skipping" is not news to anyone. */
}

/* Times are typed and shown in the zone of who runs this, wherever the server is. A zone that it
 * does not know leaves its own. */
static void set_zone(PGconn *conn)
{
	char zone[ZONE_SIZE];
	const char *params[] = {zone};

	if (zone_read(zone))
		PQclear(db_query(
			conn, "select set_config('TimeZone', $1::text, false)", 1, params, NULL));
}

/* What libpq says of TLS does not say where it was asked for, nor what to set. */
static void explain_tls(struct error *err)
{
	static const struct {
		const char *words, *advice;
	} table[] = {
		{"does not support SSL",
			"; a server over TCP must prove who it is (sslmode=verify-full): give it a "
			"certificate and ssl=on, or say sslmode=disable in the connection string "
			"or "
			"PGSSLMODE if the network is safe"},
		{"root certificate file",
			"; a server over TCP must prove who it is (sslmode=verify-full): name the "
			"file of the authority that signed its certificate with sslrootcert= or "
			"PGSSLROOTCERT, or say another sslmode"},
		{"certificate verify failed",
			"; its certificate is of no authority in the file of sslrootcert= or "
			"PGSSLROOTCERT"},
		{"does not match host name",
			"; connect by a name that is in its certificate, or say sslmode=verify-ca"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t n = strlen(err->text);
		if (strstr(err->text, table[i].words)) {
			snprintf(err->text + n, sizeof(err->text) - n, "%s", table[i].advice);
			return;
		}
	}
}

/* A new session is given so many chances to get ahead of times of a millisecond after which its
 * role or its database have a query or a session end. */
#define PIN_TRIES 20

/*
 * NULL with *again set: the session had too little time.
 *
 * What stands before the connection string may be said otherwise there: a network that drops
 * packets in silence is noticed within a minute, whether something was sent or not, where the
 * kernel's own limits are a quarter of an hour and two hours.
 */
static PGconn *connect_once(
	const char *conninfo, const char *application, bool *again, struct error *err)
{
	const char *keys[] = {"keepalives_idle", "keepalives_interval", "keepalives_count",
		"tcp_user_timeout", "dbname", "fallback_application_name", "connect_timeout",
		"client_encoding", NULL};
	const char *values[] = {
		"20", "10", "3", "50000", conninfo, application, "10", "UTF8", NULL};
	PGconn *conn = PQconnectdbParams(keys, values, 1);

	if (PQstatus(conn) == CONNECTION_OK) {
		PQsetNoticeProcessor(conn, drop_notice, NULL);
		if (settings_pin(conn, err)) {
			set_zone(conn);
			return conn;
		}
		*again =
			PQstatus(conn) != CONNECTION_OK || (err && !strcmp(err->sqlstate, "57014"));
		PQfinish(conn);
		return NULL;
	}
	error_set(err, connect_class(PQerrorMessage(conn)), "cannot connect to the database: %s",
		PQerrorMessage(conn));
	if (err) {
		one_line(err->text);
		explain_tls(err);
	}
	PQfinish(conn);
	return NULL;
}

PGconn *db_connect(const char *conninfo, const char *application, struct error *err)
{
	struct error cause = {0};
	PGconn *conn = NULL;
	bool again = true;

	for (int i = 0; i < PIN_TRIES && again && !conn; i++) {
		again = false;
		conn = connect_once(conninfo, application, &again, &cause);
	}
	if (!conn && err)
		*err = cause;
	return conn;
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
