#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "base/path.h"
#include "base/private.h"
#include "base/utf8.h"
#include "daemon.h"
#include "db/conn.h"
#include "db/schema.h"
#include "db/source.h"
#include "door.h"
#include "hex.h"
#include "interrupt.h"
#include "sync.h"
#include "walk.h"

/* Takes the private PostgreSQL in `home`, or that of the user for "". */
static bool private_database(struct target *t, const char *home, struct error *err)
{
	struct cluster c = {0};

	if (*home ? !cluster_locate_in(&c, home, err) : !cluster_locate(&c, err))
		return false;
	if (t->running && cluster_state(&c) != CLUSTER_RUNNING)
		return error_set(err, ERR_UNREACHABLE, "the private PostgreSQL does not run");
	if (!cluster_wake(&c, err) || !path_format(t->home, sizeof(t->home), err, "%s", c.home))
		return false;
	return path_format(t->conninfo, sizeof(t->conninfo), err, "%s", c.conninfo);
}

/* Says whether the mount is root's and the caller somebody else. */
static bool is_roots(const struct target *t)
{
	return t->mounted && t->mount.owner == 0 && geteuid() != 0;
}

/*
 * Checks that a mount is believed: anybody can give a FUSE mount any type and source, so only
 * root's mounts and the caller's own count, unless the caller names the same database.
 */
static bool check_owner(const struct mount_point *m, struct error *err)
{
	if (m->owner == 0 || m->owner == (long)geteuid())
		return true;
	return error_set(err, ERR_AUTH,
		"%s was mounted by uid %ld, who may have named any database for it, so "
		"that one is not asked: if you trust it, name it in THULE_DB",
		m->dir, m->owner);
}

/* Keeps the caller's secrets from a server that only root has named. */
static void keep_secrets(void)
{
	static const char *const files[] = {"PGPASSFILE", "PGSERVICEFILE", "PGSSLCERT", "PGSSLKEY"};

	unsetenv("PGPASSWORD");
	unsetenv("PGSERVICE");
	/* A file that cannot exist; without it libpq would look in the home directory. */
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		setenv(files[i], "/dev/null/none", 1);
}

/* Returns what THULE_DB names, but for a private PostgreSQL, whose directory *home is then, or "".
 */
static const char *named_database(const char **home)
{
	const char *db = getenv("THULE_DB");

	*home = "";
	return db && *db && !private_source(db, home) ? db : NULL;
}

bool target_of_mount(const struct mount_point *m, struct target *t, struct error *err)
{
	const char *home, *db = named_database(&home);
	bool private = private_source(m->source, &home);

	t->mounted = true;
	if (m != &t->mount)
		t->mount = *m;
	/* "private" is another database for each user. */
	t->door = is_roots(t) && private;
	if (t->door)
		return true;
	/* /proc/mounts has no password; THULE_DB or ~/.pgpass may have it. */
	if (db && !private && source_same(db, m->source))
		return path_format(t->conninfo, sizeof(t->conninfo), err, "%s", db);
	if (!check_owner(m, err))
		return false;
	if (private)
		return private_database(t, home, err);
	t->named_by_root = is_roots(t);
	return path_format(t->conninfo, sizeof(t->conninfo), err, "%s", m->source);
}

static bool default_database(struct target *t, struct error *err)
{
	const char *home, *db = named_database(&home);
	char here[PATH_MAX], path[PATH_MAX];

	if (db)
		return path_format(t->conninfo, sizeof(t->conninfo), err, "%s", db);
	if (!mounts_real_path(".", true, here, NULL))
		return private_database(t, home, err);
	if (!mounts_locate(here, &t->mount, path, err))
		return false;
	return t->mount.ours ? target_of_mount(&t->mount, t, err) : private_database(t, home, err);
}

/* Says whether each backslash begins an escape as SQL shows it, \xNN. */
static bool escapes_only(const char *path)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	for (const char *p = strchr(path, '\\'); p; p = strchr(p + 1, '\\'))
		if (p[1] != 'x' || !p[2] || !strchr(digits, p[2]) || !p[3] || !strchr(digits, p[3]))
			return false;
	return true;
}

/* Takes a path that is in no mount as one in the filesystem. */
static bool find_typed(const char *path, struct target *t, struct error *err)
{
	if (*path != '/')
		return error_set(err, ERR_USAGE,
			"%s is not in a ThuleFS mount: give a path in one, or an absolute path "
			"from the root of the filesystem",
			path);
	/* Without valid escapes the bytes count as they are. */
	if (!utf8_is_text(path, strlen(path)) || !escapes_only(path))
		return path_format(t->path, sizeof(t->path), err, "%s", path) &&
		       default_database(t, err);
	return path_format(t->typed_path, sizeof(t->typed_path), err, "%s", path) &&
	       default_database(t, err);
}

static bool find(const char *path, struct target *t, struct error *err)
{
	char real[PATH_MAX];

	if (!path)
		return default_database(t, err);
	if (mounts_real_path(path, false, real, err)) {
		if (!mounts_locate(real, &t->mount, t->path, err))
			return false;
		if (t->mount.ours && at_take(&t->mount, t->path, t->at))
			return error_set(err, ERR_USAGE,
				"%s is of the past, and this is about what is there now: give its "
				"path without .thule/at",
				path);
		if (t->mount.ours)
			return target_of_mount(&t->mount, t, err);
	}
	return find_typed(path, t, err);
}

bool target_find(const char *path, struct target *t, struct error *err)
{
	memset(t, 0, sizeof(*t));
	return find(path, t, err);
}

bool target_find_running(const char *path, struct target *t, struct error *err)
{
	memset(t, 0, sizeof(*t));
	t->running = true;
	return find(path, t, err);
}

bool target_find_mount(const char *path, struct target *t, struct error *err)
{
	if (!target_find(path, t, err))
		return false;
	if (path && !t->mounted)
		return error_set(err, ERR_USAGE,
			"%s is in no mount of ThuleFS: `thule status` lists them; of a filesystem "
			"that is not mounted, name the database in THULE_DB",
			path);
	/* A mount without its daemon has a database all the same. */
	if (path && access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return error_sys(err, "%s", path);
	return true;
}

bool target_find_past(const char *path, struct target *t, struct error *err)
{
	struct walk w;
	bool inside;

	memset(t, 0, sizeof(*t));
	if (!path)
		return default_database(t, err);
	if (!walk_begin(path, &w, &inside, err))
		return false;
	if (!inside)
		return find_typed(path, t, err);
	t->mount = w.mount;
	memcpy(t->path, w.path, sizeof(t->path));
	memcpy(t->rest, w.rest, sizeof(t->rest));
	memcpy(t->at, w.at, sizeof(t->at));
	t->start = w.start;
	t->top = w.top;
	return target_of_mount(&t->mount, t, err);
}

bool target_instant(const struct target *t, const char *typed, const char **at, struct error *err)
{
	*at = typed || !*t->at ? typed : t->at;
	return !typed || !*t->at ||
	       error_set(err, ERR_USAGE,
		       "the path is of the past itself, of %s: leave out the other instant", t->at);
}

bool target_same(const struct target *a, const struct target *b)
{
	if (a->mounted && b->mounted && a->mount.id == b->mount.id)
		return true;
	/* Connecting checks the root of one bind mount. */
	return (!a->mounted || a->mount.whole) && (!b->mounted || b->mount.whole) && !a->door &&
	       !b->door && !strcmp(a->conninfo, b->conninfo);
}

/*
 * Returns 1 when the path of a bind mount's root leads to its inode, 0 when not, -1 with *err set.
 */
static int root_matches(PGconn *conn, const struct target *t, const char *ino, struct error *err)
{
	char *bytes = hex_bytea(t->mount.root);
	const char *params[] = {bytes, ino, NULL};
	PGresult *res = ask(conn, STMT_COMMAND_HOLDS, 3, params, err);
	int matches = res ? PQgetvalue(res, 0, 0)[0] == 't' : -1;

	PQclear(res);
	free(bytes);
	return matches;
}

/*
 * Checks the root of a bind mount. The kernel knows its path by the renames that passed through it;
 * an undo, or a client of the database, may have put another file there.
 */
static bool check_root(PGconn *conn, const struct target *t, struct error *err)
{
	char ino[24];
	struct statx sx;
	int matches;

	if (statx(AT_FDCWD, t->mount.dir, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, STATX_INO,
		    &sx) < 0)
		return error_sys(err, "%s", t->mount.dir);
	snprintf(ino, sizeof(ino), "%llu", (unsigned long long)sx.stx_ino);
	matches = root_matches(conn, t, ino, err);
	/* The root may be younger than the last batch. */
	if (!matches && sync_database(conn, NULL))
		matches = root_matches(conn, t, ino, err);
	if (matches)
		return matches > 0;
	return error_set(err, ERR_USAGE,
		"the directory mounted on %s is not the one that the filesystem now has "
		"at %s: mount it again, or give the path in a mount of the whole "
		"filesystem",
		t->mount.dir, t->mount.root);
}

static bool check(PGconn *conn, const struct target *t, struct error *err)
{
	enum daemon_row row;
	bool past;

	if (!schema_check(conn, err))
		return false;
	if (!t->mounted)
		return true;
	row = daemon_row(conn, &t->mount, &past, err);
	if (row == DAEMON_ROW_ERROR)
		return false;
	/* The mount may have been made with another THULE_HOME. */
	if (row == DAEMON_ROW_NONE && *t->home)
		return error_set(err, ERR_NOT_FOUND,
			"the filesystem mounted on %s is not that of this private PostgreSQL: "
			"set THULE_HOME as it was for the mount, and be the same user",
			t->mount.dir);
	if (row == DAEMON_ROW_FOUND && past && *t->path)
		return error_set(err, ERR_USAGE,
			"the mount on %s shows the past, and %s may be another file by now: "
			"give the path in a mount of the present, or from the root of the "
			"filesystem",
			t->mount.dir, t->path);
	return t->mount.whole || !*t->path || check_root(conn, t, err);
}

PGconn *target_connect(const struct target *t, struct error *err)
{
	PGconn *conn;

	if (t->door) {
		error_set(err, ERR_AUTH,
			"this command needs the database of the mount on %s, which is root's: "
			"ask root",
			t->mount.dir);
		return NULL;
	}
	if (t->named_by_root)
		keep_secrets();
	conn = db_connect(t->conninfo, "thule", err);
	if (conn)
		interrupt_watch(conn);
	if (conn && !check(conn, t, err)) {
		PQfinish(conn);
		return NULL;
	}
	return conn;
}

PGconn *target_connect_here(struct error *err)
{
	struct target t;

	return target_find(NULL, &t, err) ? target_connect(&t, err) : NULL;
}

PGconn *target_ask(const struct target *t, struct error *err)
{
	PGconn *conn = t->door ? NULL : target_connect(t, err);

	/* A wrong path is not the fault of the database. */
	if (conn || (!t->door && (!is_roots(t) || (err && err->class == ERR_USAGE) ||
					 !door_is_there(&t->mount))))
		return conn;
	if (err)
		*err = (struct error){0};
	conn = door_connect(&t->mount, err);
	if (conn && !t->mount.whole && *t->path && !check_root(conn, t, err)) {
		PQfinish(conn);
		return NULL;
	}
	return conn;
}
