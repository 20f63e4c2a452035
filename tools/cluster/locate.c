#include "cluster/cluster.h"

#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "cluster/account.h"
#include "cluster/path.h"

/* The server and libpq append this to the directory to get the socket's address. */
#define SOCKET_NAME "/.s.PGSQL.5432"

static bool home_from_environment(char *home, size_t size, struct error *err)
{
	const char *thule = getenv("THULE_HOME");
	const char *xdg = getenv("XDG_DATA_HOME");
	const char *user = getenv("HOME");

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
		struct passwd *pw = getpwuid(geteuid());
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

bool cluster_locate(struct cluster *c, struct error *err)
{
	char quoted[2 * PATH_MAX];
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
	quote(quoted, c->socket);
	return path_format(c->conninfo, sizeof(c->conninfo), err,
		"host='%s' port=5432 user=thule dbname=thule", quoted);
}
