#include "db/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "db/conn.h"
#include "db/lease.h"
#include "db/needs.h"
#include "db/sql_files.h"

/* The version of PostgreSQL that sql/ was written for; older servers lack some of it. */
#define SERVER_VERSION_MIN 150000

/* One connection at a time upgrades, which needs the right to write; ops go on. */
#define LOCK_UPGRADE "lock table thule.superblock in share update exclusive mode"

enum schema_state { SCHEMA_ABSENT, SCHEMA_FOREIGN, SCHEMA_OURS };

/*
 * Asks the catalog alone: it answers roles, too, that may not look into the schema. A filesystem is
 * the schema `thule` with its tables; `thule_internal` holds code alone and is made with it.
 */
static bool find_schema(PGconn *conn, enum schema_state *state, struct error *err)
{
	PGresult *res = db_query(conn,
		"select bool_or(n.nspname = 'thule' and exists (select from pg_class c"
		" where c.relnamespace = n.oid and c.relname = 'superblock' and c.relkind = 'r'))"
		" from pg_namespace n where n.nspname in ('thule', 'thule_internal')",
		0, NULL, err);
	if (!res)
		return false;
	if (PQgetisnull(res, 0, 0))
		*state = SCHEMA_ABSENT;
	else
		*state = PQgetvalue(res, 0, 0)[0] == 't' ? SCHEMA_OURS : SCHEMA_FOREIGN;
	PQclear(res);
	return true;
}

static bool refuse_foreign(PGconn *conn, struct error *err)
{
	return error_set(err, ERR_USAGE,
		"database \"%s\" has a schema \"thule\" or \"thule_internal\" that is not of a "
		"ThuleFS filesystem: use another database, or rename or drop that schema",
		PQdb(conn));
}

static bool refuse_absent(PGconn *conn, struct error *err)
{
	return error_set(err, ERR_NOT_FOUND,
		"there is no filesystem in database \"%s\": `thule mount` creates one", PQdb(conn));
}

static bool refuse_newer(int version, struct error *err)
{
	return error_set(err, ERR_VERSION,
		"the database has schema version %d, this program knows %d: use a newer ThuleFS",
		version, SCHEMA_VERSION);
}

static bool check_server(PGconn *conn, struct error *err)
{
	const char *encoding = PQparameterStatus(conn, "server_encoding");

	if (PQserverVersion(conn) < SERVER_VERSION_MIN)
		return error_set(err, ERR_VERSION,
			"the server is PostgreSQL %d: ThuleFS needs %d or newer",
			PQserverVersion(conn) / 10000, SERVER_VERSION_MIN / 10000);
	if (!encoding || strcmp(encoding, "UTF8") != 0)
		return error_set(err, ERR_USAGE,
			"database \"%s\" has the encoding %s: create one with encoding UTF8",
			PQdb(conn), encoding ? encoding : "(unknown)");
	return true;
}

static bool has_prefix(const struct sql_file *file, const char *prefix)
{
	return !strncmp(file->path, prefix, strlen(prefix));
}

/* Runs one embedded file; its name goes in front of what the server says against it. */
static bool run_file(PGconn *conn, const struct sql_file *file, struct error *err)
{
	struct error cause;

	if (db_exec(conn, file->text, &cause))
		return true;
	if (err) {
		error_set(err, cause.class, "%s: %s", file->path, cause.text);
		memcpy(err->sqlstate, cause.sqlstate, sizeof(err->sqlstate));
	}
	return false;
}

/* Runs the files of the state, which schema/ makes once and migrate/ changes; all other files are
 * code. */
static bool run_state(PGconn *conn, struct error *err)
{
	for (int i = 0; i < sql_file_count; i++)
		if (has_prefix(&sql_files[i], "schema/") && !run_file(conn, &sql_files[i], err))
			return false;
	return true;
}

/*
 * Runs the files of the code. The first one drops the code that is there, so this can be repeated.
 */
static bool run_code(PGconn *conn, struct error *err)
{
	for (int i = 0; i < sql_file_count; i++) {
		if (has_prefix(&sql_files[i], "schema/") || has_prefix(&sql_files[i], "migrate/"))
			continue;
		if (!run_file(conn, &sql_files[i], err))
			return false;
	}
	return true;
}

static bool set_owner(PGconn *conn, const struct schema_owner *owner, struct error *err)
{
	char uid[24], gid[24];
	const char *params[] = {uid, gid};
	PGresult *res;

	snprintf(uid, sizeof(uid), "%lu", (unsigned long)owner->uid);
	snprintf(gid, sizeof(gid), "%lu", (unsigned long)owner->gid);
	res = db_query(conn,
		"with made as (update thule.actor set uid = $1, gid = $2)"
		" update thule.inode set uid = $1, gid = $2, mode = 16384 | 493 where ino = 1",
		2, params, err);
	PQclear(res);
	return res != NULL;
}

/* Runs inside the caller's transaction. */
static bool install(PGconn *conn, const struct schema_owner *owner, struct error *err)
{
	enum schema_state state;

	if (!find_schema(conn, &state, err))
		return false;
	if (state == SCHEMA_OURS)
		return true; /* somebody else did it meanwhile */
	if (state == SCHEMA_FOREIGN)
		return refuse_foreign(conn, err);
	return db_exec(conn, "create schema thule", err) && run_state(conn, err) &&
	       run_code(conn, err) && set_owner(conn, owner, err);
}

/* Begins a transaction, read committed: after the wait for a lock it must see what the last holder
 * did. */
static bool begin(PGconn *conn, struct error *err)
{
	return db_exec(conn, "begin isolation level read committed read write", err) &&
	       db_exec(conn, "set local lock_timeout = '60s'", err);
}

/* Commits if `ok`, else rolls back and keeps *err as it is. */
static bool end(PGconn *conn, bool ok, struct error *err)
{
	if (ok)
		return db_exec(conn, "commit", err);
	db_exec(conn, "rollback", NULL);
	return false;
}

static bool check_version(PGconn *conn, struct error *err)
{
	struct superblock sb;

	if (!schema_superblock(conn, &sb, err))
		return false;
	if (sb.schema_version > SCHEMA_VERSION)
		return refuse_newer(sb.schema_version, err);
	if (sb.schema_version < SCHEMA_VERSION)
		return error_set(err, ERR_VERSION,
			"the database has schema version %d, this program needs %d: run `thule "
			"upgrade`",
			sb.schema_version, SCHEMA_VERSION);
	return true;
}

/* Installs under a lock, which is the name of the schema: a session that makes it second waits for
 * the first, and is refused then. A role that may not make schemas cannot hold it. */
static bool install_alone(PGconn *conn, const struct schema_owner *owner, struct error *err)
{
	struct error cause = {0};
	enum schema_state state;

	if (end(conn, begin(conn, &cause) && install(conn, owner, &cause), &cause))
		return true;
	if (!strcmp(cause.sqlstate, "23505") || !strcmp(cause.sqlstate, "42P06"))
		return find_schema(conn, &state, err) &&
		       (state == SCHEMA_OURS || refuse_foreign(conn, err));
	if (err)
		*err = cause;
	return false;
}

bool schema_open(PGconn *conn, const struct schema_owner *owner, struct error *err)
{
	enum schema_state state;

	if (!check_server(conn, err) || !find_schema(conn, &state, err))
		return false;
	if (state == SCHEMA_FOREIGN)
		return refuse_foreign(conn, err);
	if (!needs_check(conn, NEEDS_WRITE, err))
		return false;
	if (state == SCHEMA_ABSENT && !install_alone(conn, owner, err))
		return false;
	return check_version(conn, err);
}

bool schema_check(PGconn *conn, struct error *err)
{
	enum schema_state state;
	struct error cause = {0};

	if (!find_schema(conn, &state, err))
		return false;
	if (state == SCHEMA_FOREIGN)
		return refuse_foreign(conn, err);
	if (state == SCHEMA_ABSENT)
		return refuse_absent(conn, err);
	if (check_version(conn, &cause))
		return true;
	/* Only who is refused is asked what it lacks. */
	if (cause.class == ERR_AUTH && !needs_check(conn, NEEDS_READ, err))
		return false;
	if (err)
		*err = cause;
	return false;
}

static const struct sql_file *find_file(const char *path)
{
	for (int i = 0; i < sql_file_count; i++)
		if (!strcmp(sql_files[i].path, path))
			return &sql_files[i];
	return NULL;
}

/* Runs migrate/N.sql, which turns the tables of version N into those of N + 1. */
static bool migrate_from(PGconn *conn, int version, struct error *err)
{
	char path[40];
	const struct sql_file *file;

	snprintf(path, sizeof(path), "migrate/%d.sql", version);
	file = find_file(path);
	if (file)
		return run_file(conn, file, err);
	return error_set(err, ERR_VERSION,
		"this program cannot upgrade from schema version %d: upgrade with an older one "
		"first",
		version);
}

/* Migrates the tables, which a daemon of their version may not have mounted meanwhile. Functions
 * and views depend on those that a migration alters, so they go first. */
static bool migrate(PGconn *conn, int version, struct error *err)
{
	char set[80];

	if (version == SCHEMA_VERSION)
		return true;
	if (!lease_take(conn, err) ||
		!run_file(conn, find_file("functions/install/drop_code.sql"), err))
		return false;
	for (; version < SCHEMA_VERSION; version++)
		if (!migrate_from(conn, version, err))
			return false;
	snprintf(set, sizeof(set), "update thule.superblock set schema_version = %d",
		SCHEMA_VERSION);
	return db_exec(conn, set, err);
}

static bool upgrade(PGconn *conn, struct error *err)
{
	struct superblock sb;

	if (!schema_superblock(conn, &sb, err))
		return false;
	if (sb.schema_version > SCHEMA_VERSION)
		return refuse_newer(sb.schema_version, err);
	return migrate(conn, sb.schema_version, err) && run_code(conn, err);
}

bool schema_upgrade(PGconn *conn, struct error *err)
{
	enum schema_state state;

	if (!check_server(conn, err) || !find_schema(conn, &state, err))
		return false;
	if (state == SCHEMA_FOREIGN)
		return refuse_foreign(conn, err);
	if (state == SCHEMA_ABSENT)
		return refuse_absent(conn, err);
	return end(conn, begin(conn, err) && db_exec(conn, LOCK_UPGRADE, err) && upgrade(conn, err),
		err);
}

bool schema_superblock(PGconn *conn, struct superblock *out, struct error *err)
{
	PGresult *res = db_query(conn,
		"select uuid, schema_version, next_op, next_ino, next_blob from thule.superblock",
		0, NULL, err);
	if (!res)
		return false;
	if (PQntuples(res) != 1) {
		PQclear(res);
		return error_set(err, ERR_CORRUPT,
			"table thule.superblock of database \"%s\" is empty", PQdb(conn));
	}
	snprintf(out->uuid, sizeof(out->uuid), "%s", PQgetvalue(res, 0, 0));
	out->schema_version = atoi(PQgetvalue(res, 0, 1));
	out->next_op = strtoll(PQgetvalue(res, 0, 2), NULL, 10);
	out->next_ino = strtoll(PQgetvalue(res, 0, 3), NULL, 10);
	out->next_blob = strtoll(PQgetvalue(res, 0, 4), NULL, 10);
	PQclear(res);
	/* New inodes would have numbers that are something else. */
	if (out->next_op < 1 || out->next_op > INT64_MAX / 2 || out->next_ino < 1 ||
		out->next_ino > INO_MAX || out->next_blob < 1)
		return error_set(err, ERR_CORRUPT,
			"thule.superblock of database \"%s\" has impossible counts of ops, inodes "
			"or blobs: thule.fsck lists all faults",
			PQdb(conn));
	return true;
}
