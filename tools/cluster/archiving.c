#include "cluster/archiving.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/path.h"
#include "base/proc_read.h"
#include "cluster/archive.h"
#include "cluster/conf_file.h"
#include "cluster/config.h"
#include "cluster/create.h"
#include "cluster/lock.h"
#include "db/conn.h"

#define SETTING ARCHIVE_SETTING
#define MARK    "thule-archive" /* in the archive: whose it is */

/* How long the first segment may take. */
#define FIRST_LIMIT_S 60

/* --- whose archive a directory is --- */

static bool is_empty(int dir)
{
	DIR *d = fdopendir(dup(dir));
	bool empty = true;
	struct dirent *e;

	while (d && empty && (e = readdir(d)))
		empty = !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..");
	if (d)
		closedir(d);
	return empty;
}

/* Says whose archive it is, if that is nobody's yet. A copy has the number of its original. */
static bool claim(const struct cluster *c, const char *system, const char *path, int dir,
	const struct account *account, struct error *err)
{
	char mine[PATH_MAX + 64], text[PATH_MAX + 64];
	long n = proc_read_at(dir, MARK, text, sizeof(text) - 1);

	if (!path_format(mine, sizeof(mine), err, "%s %s\n", system, c->home))
		return false;
	text[n > 0 ? n : 0] = '\0';
	if (!strcmp(text, mine))
		return true;
	if (n > 0)
		return error_set(err, ERR_BUSY,
			"%s is the archive of another server, %.*s: name another directory; or, if "
			"that server was moved to %s, remove " MARK " there",
			path, (int)strcspn(text, "\n"), text, c->home);
	if (!is_empty(dir))
		return error_set(err, ERR_USAGE,
			"%s is not empty: name a new directory for the archive", path);
	return conf_replace(dir, MARK, mine, account, err);
}

/* Makes the directory where it is missing, checks that it will do, and sets real to its path. */
static bool prepare(const struct cluster *c, const char *dir, const char *system,
	const struct account *account, char real[PATH_MAX], struct error *err)
{
	bool made = mkdir(dir, 0700) == 0, ok;
	int fd;

	if (!made && errno != EEXIST)
		return error_sys(err, "cannot make the directory %s for the archive", dir);
	if (!realpath(dir, real))
		return error_sys(err, "cannot find %s", dir);
	fd = open(real, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, "cannot open %s", real);
	if (path_in(real, c->data))
		ok = error_set(err, ERR_USAGE,
			"%s lies in the data directory of the server whose loss it is to outlive: "
			"name another, on another disk",
			real);
	else if (made && account->other && fchown(fd, account->uid, account->gid) != 0)
		ok = error_sys(err, "cannot give %s to %s", real, account->name);
	else
		ok = cluster_check_path(real, "the path of the archive", err) &&
		     (account_can_reach(account, real, NULL) ||
			     error_set(err, ERR_AUTH,
				     "user %s, who runs the private PostgreSQL, may not enter %s: "
				     "give "
				     "it to them (chown %s), or name another directory",
				     account->name, real, account->name)) &&
		     claim(c, system, real, fd, account, err);
	close(fd);
	if (!ok && made)
		rmdir(real);
	return ok;
}

/* --- turning it on and off --- */

static bool write_setting(const struct cluster *c, int home, const struct account *account,
	const char *dir, struct error *err)
{
	char line[PATH_MAX + 1];
	int data;
	bool ok;

	if (!*dir && unlinkat(home, SETTING, 0) != 0 && errno != ENOENT)
		return error_sys(err, "cannot remove %s/" SETTING, c->home);
	snprintf(line, sizeof(line), "%s\n", dir);
	if (*dir && !conf_replace(home, SETTING, line, account, err))
		return false;
	data = cluster_open_data(c, account, err);
	ok = data >= 0 && config_write_settings(data, c, account, err);
	if (data >= 0)
		close(data);
	return ok;
}

/* Asks for one text; "" for null. */
static bool ask_text(PGconn *conn, const char *sql, char *out, size_t size, struct error *err)
{
	PGresult *res = db_query(conn, sql, 0, NULL, err);

	if (res)
		snprintf(out, size, "%s", PQntuples(res) ? PQgetvalue(res, 0, 0) : "");
	PQclear(res);
	return res != NULL;
}

/* Waits until the server has read its settings and archived a segment, or failed to. */
static bool await_first(PGconn *conn, const char *dir, const char *log, struct error *err)
{
	const struct timespec nap = {.tv_nsec = 50 * 1000 * 1000};
	char state[32] = "";

	/* What was counted before this is not about this directory. */
	if (!db_exec(conn, "select pg_stat_reset_shared('archiver')", err) ||
		!db_exec(conn, "select pg_create_restore_point('thule archive')", err) ||
		!db_exec(conn, "select pg_switch_wal()", err))
		return false;
	for (int i = 0; i < FIRST_LIMIT_S * 20 && !*state; i++) {
		nanosleep(&nap, NULL);
		if (!ask_text(conn,
			    "select case when last_archived_wal is not null then 'done' when "
			    "failed_count > 0 then 'failed' end from pg_stat_archiver",
			    state, sizeof(state), err))
			return false;
	}
	if (!strcmp(state, "done"))
		return true;
	return error_set(err, ERR_USAGE,
		"the server cannot write WAL to %s: can its user write there, and is there room? "
		"Its log in %s says more",
		dir, log);
}

static bool reload(PGconn *conn, const char *dir, struct error *err)
{
	const struct timespec nap = {.tv_nsec = 20 * 1000 * 1000};
	char at[64], now[64], level[16];

	if (!ask_text(conn, "select setting from pg_settings where name = 'wal_level'", level,
		    sizeof(level), err))
		return false;
	if (*dir && !strcmp(level, "minimal"))
		return error_set(err, ERR_VERSION,
			"the server runs with settings of an older thule: unmount, `thule cluster "
			"stop`, `thule cluster start`, and try again");
	if (!ask_text(conn, "select pg_conf_load_time()", at, sizeof(at), err) ||
		!db_exec(conn, "select pg_reload_conf()", err))
		return false;
	for (int i = 0; i < 500; i++) {
		if (!ask_text(conn, "select pg_conf_load_time()", now, sizeof(now), err))
			return false;
		if (strcmp(at, now) != 0)
			return true;
		nanosleep(&nap, NULL);
	}
	return error_set(err, ERR_TIMEOUT, "the server does not read its settings again");
}

/* Changes the setting; when that does not work, it is as before. */
static bool change(const struct cluster *c, PGconn *conn, int home, const struct account *account,
	const char *dir, struct error *err)
{
	char before[PATH_MAX], real[PATH_MAX] = "", system[32];

	archive_read(c, before);
	if (dir && (!ask_text(conn, "select system_identifier from pg_control_system()", system,
			    sizeof(system), err) ||
			   !prepare(c, dir, system, account, real, err)))
		return false;
	if (write_setting(c, home, account, real, err) && reload(conn, real, err) &&
		(!dir || await_first(conn, real, c->log, err)))
		return true;
	if (write_setting(c, home, account, before, NULL))
		reload(conn, before, NULL);
	return false;
}

bool cluster_archive(struct cluster *c, const char *dir, struct error *err)
{
	struct account account;
	PGconn *conn;
	int home, locked;
	bool ok;

	if (!cluster_locate(c, err))
		return false;
	if (cluster_state(c) == CLUSTER_ABSENT || cluster_state(c) == CLUSTER_STOPPED)
		return error_set(err, ERR_NOT_FOUND,
			"the private PostgreSQL in %s does not run: `thule cluster start` starts "
			"it",
			c->home);
	conn = db_connect(c->conninfo, "thule", err);
	if (!conn)
		return false;
	home = open(c->home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (home < 0) {
		PQfinish(conn);
		return error_sys(err, "cannot open %s", c->home);
	}
	ok = cluster_enter(c, home, &account, &locked, err);
	if (ok) {
		ok = change(c, conn, home, &account, dir, err);
		close(locked);
	}
	close(home);
	PQfinish(conn);
	return ok;
}

bool cluster_archive_state(const struct cluster *c, struct archive_state *state, struct error *err)
{
	PGconn *conn;
	bool ok;

	*state = (struct archive_state){0};
	archive_read(c, state->dir);
	if (!*state->dir)
		return true;
	conn = db_connect(c->conninfo, "thule", err);
	ok = conn &&
	     ask_text(conn, "select last_archived_wal from pg_stat_archiver", state->last,
		     sizeof(state->last), err) &&
	     ask_text(conn,
		     "select last_failed_time from pg_stat_archiver where last_failed_time > "
		     "coalesce(last_archived_time, '-infinity')",
		     state->failed, sizeof(state->failed), err);
	PQfinish(conn);
	return ok;
}
