#include "backup/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/path.h"
#include "cluster/program.h"

#define REMOVE_LIMIT_S 3600

/* Calls fn for each name in a directory until it returns false. Returns false without one. */
static bool each(
	const char *dir, bool (*fn)(const char *dir, const char *name, void *arg), void *arg)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool more = true;

	if (!d)
		return false;
	while (more && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			more = fn(dir, e->d_name, arg);
	closedir(d);
	return true;
}

static bool is_label(const char *dir, const char *name, void *label)
{
	(void)dir;
	*(int *)label = !strcmp(name, "label");
	return !*(int *)label;
}

bool folder_make_empty(
	const char *dir, unsigned int mode, char real[PATH_MAX], bool *made, struct error *err)
{
	int label = -1;

	*made = mkdir(dir, mode) == 0;
	if (!*made && errno != EEXIST)
		return error_sys(err, "cannot make the directory %s", dir);
	if (!realpath(dir, real) || (*made && chmod(real, mode) != 0) ||
		!each(real, is_label, &label))
		return error_sys(err, "cannot use %s", dir);
	if (label < 0)
		return true;
	return error_set(err, ERR_USAGE, "%s %s: name a new directory", dir,
		label ? "holds a backup already" : "is not empty");
}

bool folder_remove(const char *path, struct error *err)
{
	struct account self = {.uid = geteuid(), .gid = getegid()};
	const char *argv[] = {"/bin/rm", "-rf", "--", path, NULL};

	return program_run(argv, &self, REMOVE_LIMIT_S, err);
}

static bool remove_one(const char *dir, const char *name, void *arg)
{
	char path[PATH_MAX];

	(void)arg;
	if (path_format(path, sizeof(path), NULL, "%s/%s", dir, name))
		folder_remove(path, NULL);
	return true;
}

void folder_empty(const char *dir, bool whole)
{
	each(dir, remove_one, NULL);
	if (whole)
		rmdir(dir);
}

static bool add_bytes(const char *dir, const char *name, void *arg)
{
	unsigned long long *sum = arg;
	char path[PATH_MAX];
	struct stat st;

	if (!path_format(path, sizeof(path), NULL, "%s/%s", dir, name) || lstat(path, &st) != 0)
		return true;
	if (S_ISDIR(st.st_mode))
		each(path, add_bytes, arg);
	*sum += (unsigned long long)st.st_blocks * 512;
	return true;
}

unsigned long long folder_bytes(const char *dir)
{
	unsigned long long sum = 0;

	each(dir, add_bytes, &sum);
	return sum;
}

bool folder_check_room(
	const char *dir, unsigned long long bytes, const char *what, struct error *err)
{
	unsigned long long room;
	struct statvfs fs;

	if (statvfs(dir, &fs) != 0)
		return error_sys(err, "cannot measure the free space of %s", dir);
	room = (unsigned long long)fs.f_bavail * fs.f_frsize;
	return room >= bytes ||
	       error_set(err, ERR_NO_SPACE,
		       "%s needs about %llu MB in %s, and %llu MB are free there: make room, or "
		       "name a directory on another disk",
		       what, bytes >> 20, dir, room >> 20);
}
