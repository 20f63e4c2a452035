#include "cluster/cluster.h"

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
#include "cluster/path.h"

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
	/* Its meaning would change with the directory that someone happens to be in. */
	if (thule && *thule)
		return error_set(err, ERR_USAGE,
			"THULE_HOME is `%s`: it must be an absolute path, beginning with /", thule);
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
			"no home directory for uid %u: set THULE_HOME to where the private "
			"PostgreSQL shall live",
			(unsigned int)geteuid());
	return path_format(home, size, err, "%s/.local/share/thule", user);
}

/* FNV-1a: names a socket directory after a home, the same one each time. */
static uint64_t hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325;
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3;
	return h;
}

/*
 * A socket address holds 107 bytes, and libpq takes a comma in `host` for the end of a host: homes
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

/* Quotes a value as PQconnectdb() wants it. */
static void quote(char *dst, const char *src)
{
	for (; *src; src++) {
		if (*src == '\'' || *src == '\\')
			*dst++ = '\\';
		*dst++ = *src;
	}
	*dst = '\0';
}

/* Root's, for a moment while it is made, or of whoever owns the data. */
static bool is_servers(const struct cluster *c, uid_t uid)
{
	struct stat st;

	return uid == geteuid() || (geteuid() == 0 && lstat(c->data, &st) == 0 && st.st_uid == uid);
}

bool cluster_locate(struct cluster *c, struct error *err)
{
	size_t n;

	if (!home_from_environment(c->home, sizeof(c->home), err))
		return false;
	for (n = strlen(c->home); n > 1 && c->home[n - 1] == '/';)
		c->home[--n] = '\0';
	/* pg_ctl hands paths to a shell in double quotes, and nothing else. */
	for (const char *p = c->home; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127 || strchr("\"$`\\", *p))
			return error_set(err, ERR_USAGE,
				"THULE_HOME may hold no control characters and none of \" $ ` \\, "
				"because PostgreSQL's programs cannot take them: choose another "
				"one");
	if (!path_format(c->data, sizeof(c->data), err, "%s/data", c->home) ||
		!path_format(c->log, sizeof(c->log), err, "%s/log", c->home) ||
		!locate_socket(c, err))
		return false;
	return cluster_conninfo(c, err);
}

bool cluster_conninfo(struct cluster *c, struct error *err)
{
	char quoted[2 * PATH_MAX], who[256] = "";
	const struct passwd *pw = NULL;
	struct user user;
	struct stat st;

	if (lstat(c->data, &st) == 0)
		pw = user_by_uid(&user, st.st_uid);
	if (pw && strlen(pw->pw_name) < sizeof(who) / 2)
		quote(who, pw->pw_name);
	quote(quoted, c->socket);
	/* libpq asks the kernel who listens before it says anything; it goes by names. */
	return path_format(c->conninfo, sizeof(c->conninfo), err,
		"host='%s' port=5432 user=thule dbname=thule%s%s%s", quoted,
		*who ? " requirepeer='" : "", who, *who ? "'" : "");
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
		return error_sys(err, "cannot look at %s", parent);
	if (S_ISDIR(st.st_mode) && is_servers(c, st.st_uid) &&
		!(st.st_mode & (S_IWGRP | S_IWOTH)) &&
		(above.st_mode & S_ISVTX || !(above.st_mode & (S_IWGRP | S_IWOTH))))
		return true;
	return error_set(err, ERR_AUTH,
		"%s, where the private PostgreSQL has its socket, is not a directory of its own "
		"(it "
		"belongs to uid %u, mode %o): remove it, or set THULE_HOME to a shorter path, "
		"below "
		"which the socket then is",
		c->socket, (unsigned int)st.st_uid, (unsigned int)st.st_mode & 07777);
}
