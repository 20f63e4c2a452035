#include "db/conn.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "db/settings.h"
#include "db/zone.h"

/* Limits of the wait for a server that says that it takes no connections yet. */
#define STARTING_LIMIT_MS 60000
#define STARTING_STEP_MS  200

/* Returns the class of a failed connection. libpq gives no SQLSTATE for it: the server's words are
 * all there is. */
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

/* Sets the time zone of this process, in which times are typed and shown wherever the server is. A
 * zone that the server does not know leaves its own. */
static void set_zone(PGconn *conn)
{
	char zone[ZONE_SIZE];
	const char *params[] = {zone};

	if (zone_read(zone))
		PQclear(db_query(
			conn, "select set_config('TimeZone', $1::text, false)", 1, params, NULL));
}

/* Appends advice to a message of libpq's about TLS, which says neither where TLS was asked for, nor
 * what to set. */
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
 * Connects once. NULL with *again set when the session had too little time.
 *
 * The connection string overrides what stands before it: a network that drops packets in silence is
 * noticed within a minute, whether something was sent or not, where the kernel's own limits are a
 * quarter of an hour and two hours.
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
		error_one_line(err);
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

PGconn *db_connect_patiently(const char *conninfo, const char *application, struct error *err)
{
	const struct timespec step = {.tv_nsec = STARTING_STEP_MS * 1000000L};
	struct error cause = {0};
	PGconn *conn = db_connect(conninfo, application, &cause);

	if (!conn && cause.class == ERR_TRANSIENT)
		log_info("%s; waiting up to %d s", cause.text, STARTING_LIMIT_MS / 1000);
	for (int ms = 0; !conn && cause.class == ERR_TRANSIENT && ms < STARTING_LIMIT_MS;
		ms += STARTING_STEP_MS) {
		nanosleep(&step, NULL);
		conn = db_connect(conninfo, application, &cause);
	}
	if (!conn && err)
		*err = cause;
	return conn;
}
