#include "backup/recovery.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backup/child.h"
#include "backup/folder.h"
#include "base/path.h"
#include "base/proc_read.h"
#include "cluster/conf_file.h"
#include "cluster/config.h"
#include "cluster/create.h"
#include "cluster/program.h"
#include "cluster/server.h"
#include "db/conn.h"
#include "db/source.h"

#define AUTO_CONF  "postgresql.auto.conf"
#define AUTO_MAX   65536
#define CHOWN_S    3600
#define RECOVERY_S (30 * 24 * 3600)

bool recovery_locate(struct recovery *r, const char *to, struct error *err)
{
	char *conninfo = r->conninfo;
	size_t size = sizeof(r->conninfo);

	if (!cluster_locate_in(&r->cluster, to, err) ||
		!path_format(r->cluster.data, sizeof(r->cluster.data), err, "%s/" CLUSTER_RESTORING,
			to) ||
		!account_of_cluster(&r->cluster, &r->account, err))
		return false;
	*conninfo = '\0';
	return (source_append(conninfo, size, "host", r->cluster.socket) &&
		       source_append(conninfo, size, "port", "5432") &&
		       source_append(conninfo, size, "user",
			       *r->label->home ? "thule" : r->label->superuser) &&
		       source_append(conninfo, size, "dbname", r->label->database) &&
		       source_append(conninfo, size, "requirepeer", r->account.name)) ||
	       error_set(err, ERR_USAGE, "the path %s is too long", to);
}

/* --- settings --- */

/* Archives, other servers to follow and the aim of an earlier recovery are not for a copy. */
static bool is_for_original(const char *line)
{
	static const char *const names[] = {"archive_", "restore_command", "recovery_", "primary_",
		"hot_standby", "synchronous_standby_names"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(line, names[i], strlen(names[i])))
			return true;
	return false;
}

/* Sets text to what `alter system` has set that is for a copy as well: of a server of ours. */
static void keep_settings(const struct recovery *r, char text[static AUTO_MAX])
{
	char path[PATH_MAX], line[8192];
	size_t n = 0;
	FILE *f = *r->label->home && path_format(path, sizeof(path), NULL, "%s/data/" AUTO_CONF,
					     r->from)
			  ? fopen(path, "re")
			  : NULL;

	*text = '\0';
	while (f && fgets(line, sizeof(line), f))
		if (!is_for_original(line) && n + strlen(line) < AUTO_MAX)
			n += (size_t)sprintf(text + n, "%s", line);
	if (f)
		fclose(f);
}

/* The parameters of a server that hot standby would compare are not ours to know. */
static bool write_aim(const struct recovery *r, int dir, const char *xid, struct error *err)
{
	char *kept = malloc(AUTO_MAX), *text = malloc(AUTO_MAX + 16 * PATH_MAX);
	char command[8 * PATH_MAX], target[128] = "";
	bool ok = kept && text && wal_restore_command(r->wal, command, sizeof(command), err);

	if (xid)
		snprintf(target, sizeof(target),
			"recovery_target_xid = '%s'\nrecovery_target_inclusive = off\n"
			"recovery_target_action = 'promote'\n",
			xid);
	if (ok) {
		keep_settings(r, kept);
		sprintf(text, "%shot_standby = off\nrestore_command = '%s'\n%s", kept, command,
			target);
		ok = conf_replace(dir, AUTO_CONF, text, &r->account, err) &&
		     conf_replace(dir, "recovery.signal", "", &r->account, err);
	}
	free(kept);
	free(text);
	return ok;
}

/* A server of others has its settings elsewhere, or such as do not fit a private one. */
static bool write_access(const struct recovery *r, int dir, struct error *err)
{
	char ident[512];

	if (*r->label->home)
		return config_write_access(dir, &r->account, err);
	return path_format(ident, sizeof(ident), err, "thule root \"%s\"\nthule \"%s\" \"%s\"\n",
		       r->label->superuser, r->account.name, r->label->superuser) &&
	       conf_replace(
		       dir, "pg_hba.conf", "local all all peer map=thule\n", &r->account, err) &&
	       conf_replace(dir, "pg_ident.conf", ident, &r->account, err) &&
	       conf_replace(
		       dir, "postgresql.conf", "# Of a restored server.\n", &r->account, err) &&
	       config_write_include(dir, err);
}

/* --- one run --- */

static bool copy(const struct recovery *r, struct error *err)
{
	char from[PATH_MAX], owner[64];
	const char *to = r->cluster.data;
	const char *cp[] = {"/bin/cp", "-a", "--reflink=auto", "--", from, to, NULL};
	const char *chown[] = {"/bin/chown", "-R", "--no-dereference", owner, "--", to, NULL};
	struct account self = {.uid = geteuid(), .gid = getegid()};

	snprintf(owner, sizeof(owner), "%u:%u", r->account.uid, r->account.gid);
	return path_format(from, sizeof(from), err, "%s/data", r->from) && child_run(cp, err) &&
	       (!r->account.other || program_run(chown, &self, CHOWN_S, err));
}

/* What the server says of itself in the last line of its lock file. To connect would fill its log.
 */
enum server_phase { PHASE_GONE, PHASE_RECOVERS, PHASE_READY };

static enum server_phase phase(const struct recovery *r)
{
	char path[PATH_MAX], text[1024];
	long n = path_format(path, sizeof(path), NULL, "%s/postmaster.pid", r->cluster.data)
			 ? proc_read_at(AT_FDCWD, path, text, sizeof(text) - 1)
			 : -1;

	if (n < 0)
		return PHASE_GONE;
	text[n] = '\0';
	return strstr(text, "\nready") ? PHASE_READY : PHASE_RECOVERS;
}

/* Starts the server and waits for the end of recovery. */
static bool start(struct recovery *r, struct error *err)
{
	const struct timespec nap = {.tv_nsec = 50 * 1000 * 1000};
	enum server_phase now;

	r->running = true;
	if (!server_start(&r->cluster, &r->account, RECOVERY_S, err))
		return false;
	while ((now = phase(r)) == PHASE_RECOVERS && child_go_on(err))
		nanosleep(&nap, NULL);
	if (now != PHASE_GONE)
		return child_go_on(err);
	r->running = false;
	error_set(err, ERR_SYSTEM, "recovery ended");
	server_quote_log(&r->cluster, err);
	return false;
}

bool recovery_too_late(const struct recovery *r, struct error *err)
{
	return error_set(err, ERR_USAGE,
		"the backup %s was finished at %s, with op:%s, and cannot be restored to an "
		"instant before that: take an earlier backup, or restore this one without --to and "
		"look at that instant there, with --at",
		r->from, r->label->ended, r->label->last_op);
}

bool recovery_run(struct recovery *r, const char *xid, struct error *err)
{
	struct error e = {0};
	int dir;
	bool ok;

	if (!copy(r, err))
		return false;
	dir = cluster_open_data(&r->cluster, &r->account, err);
	ok = dir >= 0 && write_access(r, dir, err) && write_aim(r, dir, xid, err);
	if (dir >= 0)
		close(dir);
	if (!ok || start(r, &e))
		return ok;
	/* Or before WAL begins that is replayed. */
	if (xid && (strstr(e.text, "before consistent recovery point") ||
			   strstr(e.text, "before configured recovery target")))
		return recovery_too_late(r, err);
	if (strstr(e.text, "incompatible with server"))
		return error_set(err, ERR_VERSION,
			"the backup %s is of PostgreSQL %s, and only that can take it: install the "
			"package postgresql-%s",
			r->from, r->label->version, r->label->version);
	return error_set(err, e.class, "%s%.900s",
		e.class == ERR_BUSY ? "" : "the restored server does not start: ", e.text);
}

void recovery_undo(struct recovery *r)
{
	if (r->running)
		server_abandon(&r->cluster, &r->account, NULL);
	r->running = false;
	folder_remove(r->cluster.data, NULL);
}

/* --- the end --- */

static bool finish_access(const struct recovery *r, struct error *err)
{
	char conninfo[sizeof(r->conninfo) + 32], sql[300];
	const char *name = r->label->database;
	PGconn *conn;
	char *quoted;
	bool ok;

	if (*r->label->home)
		return true;
	if (!path_format(conninfo, sizeof(conninfo), err, "%s dbname=postgres", r->conninfo))
		return false;
	conn = db_connect(conninfo, "thule", err);
	if (!conn)
		return false;
	quoted = PQescapeIdentifier(conn, name, strlen(name));
	snprintf(sql, sizeof(sql), "alter database %s rename to thule", quoted);
	PQfreemem(quoted);
	ok = db_exec(conn,
		     "do $$ begin if to_regrole('thule') is null then create role thule; end if; "
		     "alter role thule superuser login; end $$",
		     err) &&
	     (!strcmp(name, "thule") || db_exec(conn, sql, err));
	PQfinish(conn);
	return ok;
}

static bool forget_aim(const struct recovery *r, struct error *err)
{
	char *kept = malloc(AUTO_MAX);
	int dir = cluster_open_data(&r->cluster, &r->account, err);
	bool ok = kept && dir >= 0;

	if (ok) {
		keep_settings(r, kept);
		ok = conf_replace(dir, AUTO_CONF, kept, &r->account, err) &&
		     config_write_access(dir, &r->account, err);
	}
	if (dir >= 0)
		close(dir);
	free(kept);
	return ok;
}

bool recovery_finish(struct recovery *r, struct error *err)
{
	char restoring[PATH_MAX];

	snprintf(restoring, sizeof(restoring), "%s", r->cluster.data);
	if (!finish_access(r, err) || !server_stop(&r->cluster, &r->account, err))
		return false;
	r->running = false;
	if (!forget_aim(r, err) || !child_go_on(err) ||
		!path_format(
			r->cluster.data, sizeof(r->cluster.data), err, "%s/data", r->cluster.home))
		return false;
	if (rename(restoring, r->cluster.data) != 0) {
		error_sys(err, "cannot rename %s", restoring);
		snprintf(r->cluster.data, sizeof(r->cluster.data), "%s", restoring);
		return false;
	}
	if (!server_start(&r->cluster, &r->account, SERVER_START_S, err))
		return false;
	r->running = true;
	return cluster_conninfo(&r->cluster, err);
}
