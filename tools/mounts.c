#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/path.h"

struct filter {
	bool (*visit)(const struct mount_point *m, void *arg);
	void *arg;
};

static bool only_ours(const struct mount_point *m, void *arg)
{
	struct filter *f = arg;
	return !m->ours || f->visit(m, f->arg);
}

bool mounts_visit(
	bool (*visit)(const struct mount_point *m, void *arg), void *arg, struct error *err)
{
	struct filter f = {visit, arg};
	return mountinfo_visit(0, only_ours, &f, err);
}

struct search {
	const char *path;
	struct mount_point *best;
	size_t length;
};

static bool closer(const struct mount_point *m, void *arg)
{
	struct search *s = arg;
	size_t n = strcmp(m->dir, "/") ? strlen(m->dir) : 0;

	/* The later of two mounts on the same directory covers the other. */
	if (n >= s->length && path_in(s->path, n ? m->dir : "")) {
		s->length = n;
		*s->best = *m;
	}
	return true;
}

/*
 * Returns the id of the mount in which a path lies, or would lie if its last names existed; -1 when
 * it is not known.
 */
static int nearest_id(const char *path, char nearest[static PATH_MAX])
{
	size_t end;
	int id;

	if (!path_format(nearest, PATH_MAX, NULL, "%s", path))
		return -1;
	while ((id = mountinfo_id(AT_FDCWD, nearest)) < 0 &&
		(errno == ENOENT || errno == ENOTDIR || errno == ENOTCONN || errno == ESTALE)) {
		end = (size_t)(strrchr(nearest, '/') - nearest);
		if (!nearest[1])
			return -1;
		nearest[end ? end : 1] = '\0';
	}
	return id;
}

bool mounts_find(const char *path, struct mount_point *m)
{
	struct search s = {path, m, 0};
	char nearest[PATH_MAX];
	int id;

	m->ours = false;
	m->id = -1;
	if (!mountinfo_visit(0, closer, &s, NULL))
		return false;
	/* Names do not show that a later mount covers a directory above. */
	id = nearest_id(path, nearest);
	if (id >= 0 && m->id != id && !mountinfo_by_id(id, m))
		return false;
	return m->ours && path_in(path, strcmp(m->dir, "/") ? m->dir : "");
}

static bool is_on(const struct mount_point *m, void *arg)
{
	struct search *s = arg;

	if (!strcmp(m->dir, s->path))
		*s->best = *m;
	return true;
}

bool mounts_at(const char *dir, struct mount_point *m)
{
	struct search s = {dir, m, 0};
	int id;

	m->id = -1;
	if (!mountinfo_visit(0, is_on, &s, NULL) || m->id < 0)
		return false;
	id = mountinfo_id(AT_FDCWD, dir);
	return id < 0 || id == m->id;
}

static bool covers(const struct mount_point *m, void *arg)
{
	struct search *s = arg;

	if (m->ours && path_in(s->path, strcmp(m->dir, "/") ? m->dir : ""))
		*s->best = *m;
	return true;
}

/* Checks a path that is in no ThuleFS mount that can be seen. */
static bool check_outside(const char *real, struct mount_point *m, struct error *err)
{
	struct search s = {real, m, 0};
	char nearest[PATH_MAX];
	struct statfs fs;
	int id;

	m->ours = false;
	if (mountinfo_visit(0, covers, &s, NULL) && m->ours)
		return error_set(err, ERR_USAGE,
			"%s is not in the ThuleFS at %s: another filesystem is mounted over that "
			"part of it",
			real, m->dir);
	id = nearest_id(real, nearest);
	if (id >= 0 && !mountinfo_by_id(id, m) && statfs(nearest, &fs) == 0 &&
		fs.f_type == FUSE_SUPER_MAGIC)
		return error_set(err, ERR_USAGE,
			"%s is in a mount that cannot be seen from here, as in a chroot below "
			"it: its path in the filesystem is not known",
			real);
	return true;
}

bool mounts_locate(
	const char *real, struct mount_point *m, char path[static PATH_MAX], struct error *err)
{
	static const char deleted[] = "//deleted";
	const char *rest;
	size_t n;

	*path = '\0';
	if (!mounts_find(real, m)) {
		m->ours = false;
		return check_outside(real, m, err) && !(m->ours = false);
	}
	n = strlen(m->root);
	if (n >= sizeof(deleted) && !strcmp(m->root + n - sizeof(deleted) + 1, deleted))
		return error_set(err, ERR_USAGE,
			"the directory mounted on %s was removed from the filesystem and has no "
			"path any more: give a path in another mount",
			m->dir);
	rest = real + strlen(strcmp(m->dir, "/") ? m->dir : "");
	if (!path_format(path, PATH_MAX, err, "%s%s", m->whole ? "" : m->root, rest))
		return false;
	return *path || path_format(path, PATH_MAX, err, "/");
}

/* Makes a path absolute without looking at it, since realpath(3) cannot walk a dead mount. */
static bool absolute(const char *path, char real[static PATH_MAX], struct error *err)
{
	char cwd[PATH_MAX];
	size_t n;

	if (*path == '/') {
		if (!path_format(real, PATH_MAX, err, "%s", path))
			return false;
	} else {
		if (!getcwd(cwd, sizeof(cwd)))
			return error_sys(err, "cannot find the current directory");
		if (!path_format(real, PATH_MAX, err, "%s/%s", cwd, path))
			return false;
	}
	for (n = strlen(real); n > 1 && real[n - 1] == '/';)
		real[--n] = '\0';
	return true;
}

/*
 * Appends names that need not exist, one by one, since the directories that they lead through
 * cannot be looked at.
 */
static bool append_names(char real[static PATH_MAX], const char *names, struct error *err)
{
	size_t end = strcmp(real, "/") ? strlen(real) : 0;

	for (; *names; names += strcspn(names, "/")) {
		int n;

		names += strspn(names, "/");
		n = (int)strcspn(names, "/");
		if (n == 0 || (n == 1 && *names == '.'))
			continue;
		if (n == 2 && !strncmp(names, "..", 2))
			return error_set(err, ERR_USAGE,
				"the path has .. after a directory that does not exist: leave "
				"that part out");
		if (!path_format(real + end, PATH_MAX - end, err, "/%.*s", n, names))
			return false;
		end += (size_t)n + 1;
	}
	return true;
}

bool mounts_real_path(const char *path, bool follow, char real[static PATH_MAX], struct error *err)
{
	char folder[PATH_MAX];
	const size_t prefix = *path == '/' ? 0 : 2;
	const char *name;
	size_t end;

	if (!*path)
		return error_set(err, ERR_USAGE, "the path is empty");
	if (follow && realpath(path, real))
		return true;
	if (follow && errno == ENOTCONN)
		return absolute(path, real, err);
	if (follow)
		return error_sys(err, "%s", path);
	if (!path_format(folder, sizeof(folder), err, "%s%s", prefix ? "./" : "", path))
		return false;
	for (end = strlen(folder); end > 1 && folder[end - 1] == '/';)
		folder[--end] = '\0';
	name = strrchr(folder, '/');
	name = name ? name + 1 : folder;
	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return mounts_real_path(path, true, real, err);
	/* The past may be asked for files that are gone, with the directories that they were in. */
	do {
		while (end > 1 && folder[end - 1] != '/')
			end--;
		while (end > 1 && folder[end - 1] == '/')
			end--;
		folder[end] = '\0';
	} while (!realpath(folder, real) && errno == ENOENT && end > 1);
	if (!realpath(folder, real))
		return error_sys(err, "%s", folder);
	return append_names(real, path + (end > prefix ? end - prefix : 0), err);
}

bool mounts_absolute(const char *path, char real[static PATH_MAX])
{
	size_t n = strlen(path);

	return *path && !strstr(path, "/../") && strncmp(path, "..", 2) &&
	       (n < 3 || strcmp(path + n - 3, "/..")) && absolute(path, real, NULL);
}

bool mounts_find_root(const char *dir, struct mount_point *m, struct error *err)
{
	char real[PATH_MAX];

	if (!mounts_real_path(dir, true, real, err))
		return false;
	if (!mounts_find(real, m))
		return error_set(err, ERR_USAGE,
			"%s is not a mount point of ThuleFS: `thule status` lists them", dir);
	if (strcmp(real, m->dir))
		return error_set(err, ERR_USAGE, "%s is not a mount point, but %s is", dir, m->dir);
	return true;
}
