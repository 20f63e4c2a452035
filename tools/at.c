#include "at.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/node.h"
#include "base/path.h"

/* Returns the path at its next name; repeated slashes and `.` are none. */
static const char *next(const char *path)
{
	for (path += strspn(path, "/"); *path == '.' && (path[1] == '/' || !path[1]);)
		path += 1 + strspn(path + 1, "/");
	return path;
}

/* Returns what follows the next name if it is this one, else NULL. */
static const char *after(const char *path, const char *name)
{
	size_t n = strlen(name);

	path = next(path);
	return !strncmp(path, name, n) && (path[n] == '/' || !path[n]) ? path + n : NULL;
}

/* Returns what follows .thule/at/; NULL when the path does not lead there. `..` is taken by names.
 */
static const char *after_at(const char *path)
{
	const char *rest = NULL;

	for (int depth = 0; depth >= 0 && *next(path); path += strcspn(path, "/")) {
		path = next(path);
		rest = depth ? NULL : after(path, PAST_NAME);
		if (rest)
			break;
		depth += after(path, "..") ? -1 : 1;
	}
	return rest ? after(rest, PAST_AT_NAME) : NULL;
}

/* Says whether a place in the mount is of the past; so it is, where it cannot be told. */
static bool is_past(const char *place)
{
	struct statx sx;

	if (statx(AT_FDCWD, place, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, STATX_INO, &sx) < 0)
		return errno != ENOENT && errno != ENOTDIR;
	return sx.stx_ino & PAST_STAT_BIT;
}

bool at_take(const struct mount_point *m, char path[static PATH_MAX], char at[static AT_SIZE])
{
	const char *rest = after_at(path), *instant = rest ? next(rest) : "";
	size_t n = strcspn(instant, "/");
	char place[PATH_MAX];
	ssize_t len;

	/* Below a bind mount there is the past if all of it is. */
	if (!n || n >= AT_SIZE ||
		!path_format(place, sizeof(place), NULL, "%s%s", m->dir,
			m->whole ? "/" PAST_NAME : "") ||
		!is_past(place))
		return false;
	if (m->whole && !path_format(place, sizeof(place), NULL,
				"%s/" PAST_NAME "/" PAST_AT_NAME "/%.*s", m->dir, (int)n, instant))
		return false;
	len = getxattr(place, PAST_OP_XATTR, at, AT_SIZE - 1);
	if (len <= 0)
		memcpy(at, instant, n);
	at[len > 0 ? (size_t)len : n] = '\0';
	instant += n;
	memmove(path, instant, strlen(instant) + 1);
	if (!*path)
		strcpy(path, "/");
	return true;
}
