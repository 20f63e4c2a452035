#include "target.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cluster/path.h"
#include "db/conn.h"
#include "db/schema.h"
#include "door.h"
#include "interrupt.h"
#include "source.h"
#include "text.h"

static bool private_database(struct target *t, struct error *err)
{
	struct cluster c;

	if (!cluster_start(&c, err))
		return false;
	t->private = true;
	return path_format(t->conninfo, sizeof(t->conninfo), err, "%s", c.conninfo);
}

/* Root's mount, for anybody else. */
static bool is_roots(const struct target *t)
{
	return t->mounted && t->mount.owner == 0 && geteuid() != 0;
}

static const char *named_database(void)
{
	const char *db = getenv("THULE_DB");
	return db && *db && strcmp(db, "private") ? db : NULL;
}

bool target_of_mount(const struct mount_point *m, struct target *t, struct error *err)
{
	const char *db = named_database();

	t->mounted = true;
	if (m != &t->mount)
		t->mount = *m;
	/* "private" is another database for each user. */
	t->door = is_roots(t) && !strcmp(m->source, "private");
	if (t->door)
		return true;
	if (!strcmp(m->source, "private"))
		return private_database(t, err);
	/* /proc/mounts has no password; THULE_DB or ~/.pgpass may have it. */
	if (db && source_same(db, m->source))
		return path_format(t->conninfo, sizeof(t->conninfo), err, "%s", db);
	return path_format(t->conninfo, sizeof(t->conninfo), err, "%s", m->source);
}

static bool default_database(struct target *t, struct error *err)
{
	const char *db = named_database();
	char here[PATH_MAX];

	if (db)
		return path_format(t->conninfo, sizeof(t->conninfo), err, "%s", db);
	if (mounts_real_path(".", true, here, NULL) && mounts_find(here, &t->mount))
		return target_of_mount(&t->mount, t, err);
	return private_database(t, err);
}

bool target_find(const char *path, struct target *t, struct error *err)
{
	char real[PATH_MAX];

	memset(t, 0, sizeof(*t));
	if (!path)
		return default_database(t, err);
	if (mounts_real_path(path, false, real, err) && mounts_find(real, &t->mount)) {
		const char *rest = real + strlen(strcmp(t->mount.dir, "/") ? t->mount.dir : "");
		return path_format(t->path, sizeof(t->path), err, "%s", *rest ? rest : "/") &&
		       target_of_mount(&t->mount, t, err);
	}
	if (*path != '/')
		return error_set(err, ERR_USAGE,
			"%s is not in a ThuleFS mount: give a path in one, or an absolute path "
			"from "
			"the root of the filesystem",
			path);
	if (!text_is_utf8(path, strlen(path)))
		return error_set(err, ERR_USAGE,
			"%s is in no mount of ThuleFS, and not in UTF-8: as a path from the root "
			"of the filesystem write each byte that is not as \\xNN",
			path);
	return path_format(t->typed_path, sizeof(t->typed_path), err, "%s", path) &&
	       default_database(t, err);
}

static bool check(PGconn *conn, const struct target *t, struct error *err)
{
	const char *params[] = {t->mount.dir};
	PGresult *res;
	bool found;

	if (!schema_check(conn, err))
		return false;
	if (!t->mounted || !t->private)
		return true;
	/* Whoever mounted it may have had another THULE_HOME. */
	res = db_query(conn,
		"select from thule.mount where mountpoint = $1::text and ended_at is null limit 1",
		1, params, err);
	if (!res)
		return false;
	found = PQntuples(res) == 1;
	PQclear(res);
	if (!found)
		return error_set(err, ERR_NOT_FOUND,
			"what is mounted on %s is not the filesystem of this private PostgreSQL: "
			"set "
			"THULE_HOME as it was for the mount, and be the same user",
			t->mount.dir);
	return true;
}

PGconn *target_connect(const struct target *t, struct error *err)
{
	PGconn *conn;

	if (t->door) {
		error_set(err, ERR_AUTH,
			"what is mounted on %s has a database of root's, which this needs: ask "
			"root",
			t->mount.dir);
		return NULL;
	}
	conn = db_connect(t->conninfo, "thule", err);
	if (conn)
		interrupt_watch(conn);
	if (conn && !check(conn, t, err)) {
		PQfinish(conn);
		return NULL;
	}
	return conn;
}

PGconn *target_ask(const struct target *t, struct error *err)
{
	PGconn *conn = t->door ? NULL : target_connect(t, err);

	if (conn || !(t->door || (is_roots(t) && door_is_there(&t->mount))))
		return conn;
	return door_connect(&t->mount, err);
}
