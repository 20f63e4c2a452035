#include "cluster/home.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"

static int refuse(const char *path, struct error *err)
{
	switch (errno) {
	case EACCES:
	case EPERM:
	case EROFS:
	case ENOTDIR:
	case ENOENT:
	case ENAMETOOLONG:
		error_set(err, ERR_USAGE,
			"cannot create or use %s: %s; set THULE_HOME to a directory that you can "
			"write to",
			path, strerror(errno));
		return -1;
	default:
		error_sys(err, "cannot create %s", path);
		return -1;
	}
}

/*
 * Makes a directory whose mode the umask does not narrow: the user of the server has to get
 * through.
 */
static bool make_one(const char *path, unsigned int mode)
{
	if (mkdir(path, mode) == 0)
		return chmod(path, mode) == 0;
	if (errno == EEXIST)
		return true;
	/* An ancestor that we cannot write to is fine as long as it is there. */
	int saved = errno;
	struct stat st;
	if (stat(path, &st) == 0)
		return true;
	errno = saved;
	return false;
}

int home_open(const char *path, unsigned int mode, struct error *err)
{
	char part[PATH_MAX];
	int fd;

	if (!path_format(part, sizeof(part), err, "%s", path))
		return -1;
	for (char *p = strchr(part + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (!make_one(part, mode))
			return refuse(part, err);
		*p = '/';
	}
	if (!make_one(part, mode))
		return refuse(part, err);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? refuse(path, err) : fd;
}
