#include "cluster/conf_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"

/* O_EXCL and O_NOFOLLOW, because root writes into a directory of somebody else. */
bool conf_replace(int dir, const char *name, const char *text, const struct account *account,
	struct error *err)
{
	char temporary[64];
	size_t n = strlen(text);
	bool ok;
	int fd;

	if (!path_format(temporary, sizeof(temporary), err, "%s.new", name))
		return false;
	unlinkat(dir, temporary, 0);
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_sys(err, "cannot write %s of the private PostgreSQL", name);
	ok = write(fd, text, n) == (ssize_t)n && fsync(fd) == 0 &&
	     (!account->other || fchown(fd, account->uid, account->gid) == 0) &&
	     renameat(dir, temporary, dir, name) == 0;
	if (!ok)
		error_sys(err, "cannot write %s of the private PostgreSQL", name);
	close(fd);
	return ok;
}

static bool double_each(char *dst, size_t size, const char *src, const char *which)
{
	size_t n = 0;

	for (; *src && n + 3 < size; src++) {
		if (strchr(which, *src))
			dst[n++] = *src;
		dst[n++] = *src;
	}
	dst[n] = '\0';
	return !*src;
}

bool conf_quote(char *dst, size_t size, const char *src)
{
	return double_each(dst, size, src, "'\\");
}

bool conf_command_path(char *dst, size_t size, const char *path)
{
	return double_each(dst, size, path, "%");
}
