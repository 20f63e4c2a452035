#include "door.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/pass.h"
#include "base/show.h"
#include "base/user.h"
#include "db/zone.h"
#include "door/place.h"

static bool door_path(const struct mount_point *m, char path[static DOOR_NAME_MAX + 32])
{
	char dir[DOOR_NAME_MAX];
	struct stat st;

	door_name(m->device, dir);
	snprintf(path, DOOR_NAME_MAX + 32, "%s/%s", dir, DOOR_SOCKET);
	return stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

bool door_is_there(const struct mount_point *m)
{
	char path[DOOR_NAME_MAX + 32];

	return door_path(m, path);
}

bool door_behind(PGconn *conn)
{
	return PQparameterStatus(conn, DOOR_PARAMETER) != NULL;
}

/* Takes the daemon's own words, which come after those of libpq. */
static void take_error(PGconn *conn, const struct mount_point *m, struct error *err)
{
	static const char words[] = "FATAL:  ";
	const char *text = PQerrorMessage(conn), *said = strstr(text, words);

	if (said)
		error_set(err, strstr(said, "too many") ? ERR_BUSY : ERR_AUTH, "%s: %.*s", m->dir,
			(int)strcspn(said + strlen(words), "\n"), said + strlen(words));
	else if (strstr(text, "requirepeer") || strstr(text, "local user"))
		error_set(err, ERR_AUTH,
			"%s: the program that listens in %s is not root's daemon, or this user "
			"namespace does not have the host's root: nothing was asked of it",
			m->dir, DOOR_ROOT);
	else
		error_set(err, ERR_UNREACHABLE,
			"the daemon of the mount at %s does not answer: is it still running? "
			"(%.*s)",
			m->dir, (int)strcspn(text, "\n"), text);
}

static void say_notice(void *arg, const char *message)
{
	const char *text = strstr(message, ":  ");

	text = text ? text + 3 : message;
	show_line(stderr, "thule: %.*s\n", (int)strcspn(text, "\n"), text);
}

/* Reads the proof that this process can reach the mount. */
static bool tell_pass(
	const struct mount_point *m, char pass[static PASS_TEXT_SIZE], struct error *err)
{
	ssize_t n = getxattr(m->dir, PASS_XATTR, pass, PASS_TEXT_SIZE - 1);

	if (n != PASS_TEXT_SIZE - 1)
		return error_sys(err, "cannot ask the daemon of the mount at %s", m->dir);
	pass[n] = '\0';
	return true;
}

PGconn *door_connect(const struct mount_point *m, struct error *err)
{
	char path[DOOR_NAME_MAX + 32], dir[DOOR_NAME_MAX], zone[ZONE_SIZE];
	char options[ZONE_SIZE + 16] = "", pass[PASS_TEXT_SIZE];
	const struct passwd *root;
	struct user user;
	PGconn *conn;

	if (!door_path(m, path)) {
		error_set(err, ERR_NOT_FOUND,
			"the mount on %s has a database of root's, and its daemon does not "
			"listen at %s: the daemon is of an older version, or this is a "
			"container without the host's %s",
			m->dir, path, DOOR_ROOT);
		return NULL;
	}
	if (!tell_pass(m, pass, err))
		return NULL;
	door_name(m->device, dir);
	root = user_by_uid(&user, 0);
	if (zone_read(zone))
		snprintf(options, sizeof(options), "-c TimeZone=%s", zone);
	/*
	 * The environment is for other servers: PGOPTIONS, PGSSLMODE and others do not count here.
	 * libpq itself checks who answers before it sends anything.
	 */
	const char *keys[] = {"host", "port", "user", "dbname", "requirepeer", "options", "sslmode",
		"gssencmode", "channel_binding", "target_session_attrs", "connect_timeout",
		"client_encoding", "application_name", NULL};
	const char *values[] = {dir, DOOR_PORT, pass, "thule", root ? root->pw_name : "root",
		options, "disable", "disable", "disable", "any", "10", "UTF8", "thule", NULL};
	conn = PQconnectdbParams(keys, values, 0);
	if (PQstatus(conn) == CONNECTION_OK && door_behind(conn)) {
		PQsetNoticeProcessor(conn, say_notice, NULL);
		return conn;
	}
	take_error(conn, m, err);
	PQfinish(conn);
	return NULL;
}
