#include "cluster/cluster.h"

#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/path.h"
#include "base/user.h"
#include "cluster/account.h"
#include "db/source.h"

/* The server and libpq append this to the directory to get the socket's address. */
#define SOCKET_NAME "/.s.PGSQL.5432"

static bool home_from_environment(char *home, size_t size, struct error *err)
{
	const char *thule = getenv("THULE_HOME");
	const char *xdg = getenv("XDG_DATA_HOME");
	const char *user = getenv("HOME");
	struct user entry;

	if (thule && *thule == '/')
		return path_format(home, size, err, "%s", thule);
	/* A relative path would mean another directory in each current directory. */
	if (thule && *thule)
		return error_set(err, ERR_USAGE,
			"THULE_HOME is `%s`: it must be an absolute path, which begins with /",
			thule);
	if (account_is_root())
		return path_format(home, size, err, "/var/lib/thule");
	if (xdg && *xdg == '/')
		return path_format(home, size, err, "%s/thule", xdg);
	if (!user || *user != '/') {
		const struct passwd *pw = user_by_uid(&entry, geteuid());
		user = pw ? pw->pw_dir : NULL;
	}
	if (!user)
		return error_set(err, ERR_USAGE,
			"uid %u has no home directory: set THULE_HOME to a directory for the "
			"private PostgreSQL",
			(unsigned int)geteuid());
	return path_format(home, size, err, "%s/.local/share/thule", user);
}

/* Returns a hash (FNV-1a) that names the socket directory of a home, the same one each time. */
static uint64_t hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325;
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3;
	return h;
}

/*
 * A socket address has 107 bytes, and libpq takes a comma in `host` for the end of a host: homes
 * that break either rule get a directory elsewhere.
 */
static bool locate_socket(struct cluster *c, struct error *err)
{
	const size_t room = sizeof(((struct sockaddr_un *)0)->sun_path) - sizeof(SOCKET_NAME);
	uint64_t h = hash(c->home);

	if (strlen(c->home) + strlen("/socket") <= room && !strchr(c->home, ','))
		return path_format(c->socket, sizeof(c->socket), err, "%s/socket", c->home);
	if (account_is_root())
		return path_format(c->socket, sizeof(c->socket), err, "/run/thule-%016llx",
			(unsigned long long)h);
	return path_format(c->socket, sizeof(c->socket), err, "/tmp/thule-%u-%016llx",
		(unsigned int)geteuid(), (unsigned long long)h);
}

/* Root owns it for a moment while it is made; then the owner of the data does. */
static bool is_servers(const struct cluster *c, uid_t uid)
{
	struct stat st;

	return uid == geteuid() || (geteuid() == 0 && lstat(c->data, &st) == 0 && st.st_uid == uid);
}

bool cluster_check_path(const char *path, const char *what, struct error *err)
{
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127 || strchr("\"$`\\", *p))
			return error_set(err, ERR_USAGE,
				"%s may contain no control characters and none of \" $ ` "
				"\\, which PostgreSQL's programs cannot take: choose another "
				"directory",
				what);
	return true;
}

bool cluster_locate(struct cluster *c, struct error *err)
{
	const char *thule = getenv("THULE_HOME");
	char home[PATH_MAX];

	if (*c->home)
		return true;
	if (!home_from_environment(home, sizeof(home), err) || !cluster_locate_in(c, home, err))
		return false;
	c->named = thule && *thule;
	return true;
}

bool cluster_locate_in(struct cluster *c, const char *home, struct error *err)
{
	size_t n;

	c->named = true;
	if (!path_format(c->home, sizeof(c->home), err, "%s", home))
		return false;
	for (n = strlen(c->home); n > 1 && c->home[n - 1] == '/';)
		c->home[--n] = '\0';
	if (!cluster_check_path(c->home, "THULE_HOME", err) ||
		!path_format(c->data, sizeof(c->data), err, "%s/data", c->home) ||
		!path_format(c->log, sizeof(c->log), err, "%s/log", c->home) ||
		!locate_socket(c, err))
		return false;
	return cluster_conninfo(c, err);
}

bool cluster_conninfo(struct cluster *c, struct error *err)
{
	const struct passwd *pw = NULL;
	size_t size = sizeof(c->conninfo);
	struct user user;
	struct stat st;

	if (lstat(c->data, &st) == 0)
		pw = user_by_uid(&user, st.st_uid);
	*c->conninfo = '\0';
	/* libpq asks the kernel who listens before it sends anything; it compares names. */
	if (source_append(c->conninfo, size, "host", c->socket) &&
		source_append(c->conninfo, size, "port", "5432") &&
		source_append(c->conninfo, size, "user", "thule") &&
		source_append(c->conninfo, size, "dbname", "thule") &&
		(!pw || source_append(c->conninfo, size, "requirepeer", pw->pw_name)))
		return true;
	return error_set(
		err, ERR_USAGE, "the path %s is too long: choose another THULE_HOME", c->socket);
}

bool cluster_check_socket(const struct cluster *c, struct error *err)
{
	char parent[PATH_MAX];
	struct stat st, above;

	if (path_in(c->socket, c->home) || lstat(c->socket, &st) != 0)
		return true;
	snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(c->socket, '/') - c->socket),
		c->socket);
	if (lstat(parent, &above) != 0)
		return error_sys(err, "cannot check %s", parent);
	if (S_ISDIR(st.st_mode) && is_servers(c, st.st_uid) &&
		!(st.st_mode & (S_IWGRP | S_IWOTH)) &&
		(above.st_mode & S_ISVTX || !(above.st_mode & (S_IWGRP | S_IWOTH))))
		return true;
	return error_set(err, ERR_AUTH,
		"%s is not a directory of its own, as the socket of the private "
		"PostgreSQL needs (it belongs to uid %u and has mode %o): remove it, or "
		"set THULE_HOME to a shorter path, and the socket will be below that",
		c->socket, (unsigned int)st.st_uid, (unsigned int)st.st_mode & 07777);
}

enum cluster_state cluster_state(const struct cluster *c)
{
	struct stat st;

	switch (PQping(c->conninfo)) {
	case PQPING_OK:
		return CLUSTER_RUNNING;
	case PQPING_REJECT:
		return CLUSTER_BUSY;
	default:
		return lstat(c->data, &st) == 0 ? CLUSTER_STOPPED : CLUSTER_ABSENT;
	}
}
