#include "cluster/cluster.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/path.h"
#include "cluster/account.h"
#include "cluster/create.h"
#include "cluster/home.h"
#include "cluster/lock.h"
#include "cluster/server.h"
#include "db/conn.h"

#define BUSY_LIMIT_S 600

/* What takes longer is said. */
#define NOTICED_S 2

/* In HOME: the server was stopped by somebody who wanted that. */
#define STOPPED "stopped"

static void nap(void)
{
	struct timespec t = {.tv_nsec = 50 * 1000 * 1000};
	nanosleep(&t, NULL);
}

static time_t seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/*
 * Waits while the server starts or stops. There is no event to wait for, so it is asked again and
 * again.
 */
static enum cluster_state wait_while_busy(const struct cluster *c, int limit)
{
	time_t end = seconds() + limit, noticed = seconds() + NOTICED_S;
	enum cluster_state state = cluster_state(c);

	while (state == CLUSTER_BUSY && seconds() < end) {
		if (noticed && seconds() >= noticed) {
			noticed = 0;
			log_info("waiting for the private PostgreSQL in %s, which is starting or "
				 "stopping",
				c->home);
		}
		nap();
		state = cluster_state(c);
	}
	return state;
}

static bool create_database(const struct cluster *c, struct error *err)
{
	char conninfo[sizeof(c->conninfo) + 32];
	PGconn *conn;
	bool ok;

	/* The last of two equal keywords counts. */
	if (!path_format(conninfo, sizeof(conninfo), err, "%s dbname=postgres", c->conninfo))
		return false;
	conn = db_connect(conninfo, "thule", err);
	if (!conn)
		return false;
	ok = db_exec(conn, "create database thule", err);
	PQfinish(conn);
	return ok;
}

/* A start that was interrupted may have left a cluster without its database. */
static bool ensure_database(const struct cluster *c, struct error *err)
{
	struct error e = {0};
	PGconn *conn = db_connect(c->conninfo, "thule", &e);

	if (conn) {
		PQfinish(conn);
		return true;
	}
	if (e.class == ERR_NOT_FOUND && strstr(e.text, "database"))
		return create_database(c, err);
	if (err)
		*err = e;
	return false;
}

static bool bring_up(const struct cluster *c, const struct account *account, int home, bool create,
	bool *created, struct error *err)
{
	enum cluster_state state = wait_while_busy(c, BUSY_LIMIT_S);

	if (state == CLUSTER_ABSENT) {
		if (!create)
			return error_set(err, ERR_NOT_FOUND,
				"there is no private PostgreSQL in %s yet: `thule mount DIR` makes "
				"it",
				c->home);
		if (!cluster_create(c, account, home, err))
			return false;
		*created = true;
		state = CLUSTER_STOPPED;
	}
	if (state == CLUSTER_STOPPED && !server_start(c, account, SERVER_START_S, err))
		return false;
	return ensure_database(c, err);
}

/* A server that still recovers is neither the one of its home nor reason to make one. */
static bool check_whole(const struct cluster *c, struct error *err)
{
	char path[PATH_MAX];

	if (!path_format(path, sizeof(path), err, "%s/" CLUSTER_RESTORING, c->home))
		return false;
	return access(path, F_OK) != 0 ||
	       error_set(err, ERR_BUSY,
		       "%s holds a backup that is being restored, or was not to its end: remove "
		       "the directory, and restore again",
		       c->home);
}

/* A home that is mistyped would be a new filesystem, and an empty one. */
static bool check_home(const struct cluster *c, struct error *err)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(c->home, '/');

	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - c->home), c->home);
	if (!c->named || !*parent || access(parent, F_OK) == 0 || errno != ENOENT)
		return true;
	return error_set(err, ERR_USAGE,
		"the private PostgreSQL is to be in %s, and there is no directory %s: is it "
		"mistyped? `mkdir -p %s` makes room for a new one there",
		c->home, parent, parent);
}

static bool ensure(struct cluster *c, bool create, bool *created, struct error *err)
{
	struct account account;
	bool fresh = false;
	int home, locked;
	bool ok;

	if (!cluster_locate(c, err) || !cluster_check_socket(c, err) || !check_whole(c, err))
		return false;
	/* The usual case costs one connection, and needs no right to write in HOME. */
	if (cluster_state(c) != CLUSTER_RUNNING || !ensure_database(c, err)) {
		home = check_home(c, err) ? home_open(c->home, geteuid() == 0 ? 0755 : 0700, err)
					  : -1;
		if (home < 0)
			return false;
		ok = cluster_enter(c, home, &account, &locked, err);
		if (ok) {
			unlinkat(home, STOPPED, 0);
			ok = bring_up(c, &account, home, create, &fresh, err) &&
			     cluster_conninfo(c, err);
			close(locked);
		}
		close(home);
		if (!ok)
			return false;
	}
	if (created)
		*created = fresh;
	return true;
}

bool cluster_ensure(struct cluster *c, bool *created, struct error *err)
{
	return ensure(c, true, created, err);
}

bool cluster_start(struct cluster *c, struct error *err)
{
	if (!cluster_locate(c, err))
		return false;
	if (cluster_state(c) == CLUSTER_ABSENT)
		return error_set(err, ERR_NOT_FOUND,
			"there is no private PostgreSQL in %s yet: `thule mount DIR` makes it",
			c->home);
	return ensure(c, false, NULL, err);
}

bool cluster_wake(struct cluster *c, struct error *err)
{
	char mark[PATH_MAX];

	if (!cluster_locate(c, err) ||
		!path_format(mark, sizeof(mark), err, "%s/" STOPPED, c->home))
		return false;
	if (access(mark, F_OK) == 0 && cluster_state(c) == CLUSTER_STOPPED)
		return error_set(err, ERR_UNREACHABLE,
			"the private PostgreSQL in %s was stopped, and stays so until `thule "
			"cluster start` or a mount starts it",
			c->home);
	return cluster_start(c, err);
}

/* Notes that it is not to be started again just because somebody asks for something. */
static bool note_stopped(const struct cluster *c, int home, struct error *err)
{
	int fd = openat(home, STOPPED, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return error_sys(err, "cannot write %s/" STOPPED, c->home);
	close(fd);
	return true;
}

bool cluster_stop(struct cluster *c, struct error *err)
{
	struct account account;
	enum cluster_state state;
	int home, locked;
	bool ok;

	if (!cluster_locate(c, err))
		return false;
	state = cluster_state(c);
	if (state == CLUSTER_ABSENT)
		return true;
	home = open(c->home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (home < 0)
		return error_sys(err, "cannot open %s", c->home);
	ok = cluster_enter(c, home, &account, &locked, err);
	if (ok) {
		state = wait_while_busy(c, BUSY_LIMIT_S);
		ok = note_stopped(c, home, err);
		if (ok && (state == CLUSTER_RUNNING || state == CLUSTER_BUSY))
			ok = server_stop(c, &account, err);
		/*
		 * A socket directory outside of HOME would stay for ever; it is removed only when
		 * it is empty.
		 */
		if (ok && strncmp(c->socket, c->home, strlen(c->home)) != 0)
			rmdir(c->socket);
		close(locked);
	}
	close(home);
	return ok;
}
