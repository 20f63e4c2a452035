#include "backup/take.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "ask.h"
#include "backup/child.h"
#include "backup/folder.h"
#include "base/path.h"
#include "cluster/archive.h"
#include "cluster/program.h"
#include "db/conn.h"
#include "db/handover.h"
#include "db/source.h"
#include "sync.h"

#define VERIFY_LIMIT_S (30 * 24 * 3600)

/* Columns of command_backup_server.sql. */
enum {
	COL_UUID,
	COL_DATABASE,
	COL_ROLE,
	COL_SUPERUSER,
	COL_VERSION,
	COL_SEGMENT,
	COL_DATA,
	COL_OP,
	COL_NOW,
	COL_MAY_REPLICATE,
	COL_KEEPS_WAL,
	COL_SENDERS,
	COL_BYTES,
};

#define COPY(res, col, to) snprintf(to, sizeof(to), "%s", PQgetvalue(res, 0, col))

static void fill_label(const PGresult *res, const struct target *t, struct backup_label *label)
{
	struct cluster c = {0};

	*label = (struct backup_label){0};
	COPY(res, COL_UUID, label->filesystem);
	COPY(res, COL_DATABASE, label->database);
	COPY(res, COL_ROLE, label->role);
	COPY(res, COL_SUPERUSER, label->superuser);
	COPY(res, COL_VERSION, label->version);
	COPY(res, COL_SEGMENT, label->segment);
	COPY(res, COL_DATA, label->data);
	COPY(res, COL_OP, label->first_op);
	COPY(res, COL_NOW, label->began);
	if (*t->home && cluster_locate_in(&c, t->home, NULL)) {
		snprintf(label->home, sizeof(label->home), "%s", c.home);
		archive_read(&c, label->archive);
	}
}

static bool check_server(const PGresult *res, const struct target *t, const struct backup_label *l,
	struct error *err)
{
	if (PQgetvalue(res, 0, COL_KEEPS_WAL)[0] != 't' ||
		atoi(PQgetvalue(res, 0, COL_SENDERS)) < 2)
		return error_set(err, ERR_USAGE, "%s",
			*t->home ? "the private PostgreSQL runs with settings of an older thule: "
				   "unmount, `thule cluster stop`, `thule cluster start`, and try "
				   "again"
				 : "this server keeps too little WAL to be copied while it runs: "
				   "ask its administrator for wal_level = replica and "
				   "max_wal_senders = 4, which need a restart");
	if (PQgetvalue(res, 0, COL_MAY_REPLICATE)[0] == 't')
		return true;
	return error_set(err, ERR_AUTH,
		"role %s may not copy the server: ask the administrator for `alter role %s "
		"replication` and for a line `host replication %s ADDRESS scram-sha-256` in "
		"pg_hba.conf; or dump the filesystem alone, with pg_dump, which needs neither",
		l->role, l->role, l->role);
}

/* Tries the connection that pg_basebackup will make, whose refusals need a word on what to do. */
static bool check_replication(
	const struct target *t, const struct backup_label *l, struct error *err)
{
	char conninfo[sizeof(t->conninfo) + 32];
	bool is_uri = strstr(t->conninfo, "://"), ok;
	PGconn *conn;

	if (!path_format(conninfo, sizeof(conninfo), err, "%s%sreplication=true", t->conninfo,
		    !is_uri                    ? " "
		    : strchr(t->conninfo, '?') ? "&"
					       : "?"))
		return false;
	conn = PQconnectdb(conninfo);
	ok = PQstatus(conn) == CONNECTION_OK;
	if (!ok) {
		error_set(err, ERR_AUTH, "the server does not let itself be copied: %s",
			PQerrorMessage(conn));
		error_one_line(err);
		if (strstr(PQerrorMessage(conn), "pg_hba.conf") && err) {
			size_t used = strlen(err->text);
			snprintf(err->text + used, sizeof(err->text) - used,
				": pg_hba.conf%s%s needs a line `%s replication %s %s`",
				*t->home ? " in " : " there", *t->home ? l->data : "",
				*t->home ? "local" : "host", l->role,
				*t->home ? "peer map=thule" : "ADDRESS scram-sha-256");
		}
	}
	PQfinish(conn);
	return ok;
}

static bool check_room(const char *dir, const PGresult *res, struct error *err)
{
	unsigned long long bytes = strtoull(PQgetvalue(res, 0, COL_BYTES), NULL, 10);

	/* The WAL of the meantime, and what is no database. */
	return folder_check_room(dir, bytes + (64ULL << 20), "the backup", err);
}

static bool copy(
	const struct target *t, const char *to, const struct backup_label *l, struct error *err)
{
	char program[PATH_MAX], conninfo[SOURCE_MAX];
	const char *argv[] = {program, "--dbname", conninfo, "--pgdata", to, "--wal-method=stream",
		"--checkpoint=fast", "--no-password", isatty(STDERR_FILENO) ? "--progress" : NULL,
		NULL};

	return program_find("pg_basebackup", l->version, program, sizeof(program), err) &&
	       handover_psql(t->conninfo, conninfo, sizeof(conninfo), err) && child_run(argv, err);
}

bool backup_verify(const char *dir, const struct backup_label *label, struct error *err)
{
	struct account self = {.uid = geteuid(), .gid = getegid()};
	char program[PATH_MAX], data[PATH_MAX];
	const char *argv[] = {program, "--exit-on-error", data, NULL};
	struct error said = {0};

	if (!program_find("pg_verifybackup", label->version, program, sizeof(program), err) ||
		!path_format(data, sizeof(data), err, "%s/data", dir))
		return false;
	return program_run(argv, &self, VERIFY_LIMIT_S, &said) ||
	       error_set(err, ERR_CORRUPT, "the backup %s is damaged: %.900s", dir, said.text);
}

static bool take(const struct target *t, PGconn *conn, const char *dir, struct backup_label *label,
	struct error *err)
{
	char data[PATH_MAX];
	PGresult *res;
	bool ok;

	res = sync_database(conn, err) ? ask(conn, STMT_COMMAND_BACKUP_SERVER, 0, NULL, err) : NULL;
	if (!res)
		return false;
	fill_label(res, t, label);
	ok = check_server(res, t, label, err) && check_replication(t, label, err) &&
	     check_room(dir, res, err);
	PQclear(res);
	if (!ok || !path_format(data, sizeof(data), err, "%s/data", dir) ||
		!copy(t, data, label, err) || !backup_verify(dir, label, err))
		return false;
	res = ask(conn, STMT_COMMAND_BACKUP_SERVER, 0, NULL, err);
	if (!res)
		return false;
	COPY(res, COL_OP, label->last_op);
	COPY(res, COL_NOW, label->ended);
	PQclear(res);
	return child_go_on(err) && label_write(dir, label, err);
}

bool backup_take(
	const struct target *t, const char *dir, struct backup_label *label, struct error *err)
{
	char real[PATH_MAX];
	bool made, ok;
	PGconn *conn;

	if (!folder_make_empty(dir, 0700, real, &made, err))
		return false;
	child_hold_signals();
	conn = target_connect(t, err);
	ok = conn && take(t, conn, real, label, err);
	PQfinish(conn);
	if (!ok)
		folder_empty(real, made);
	return ok;
}
