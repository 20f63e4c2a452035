#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"

/* The number of symbolic links that the kernel follows. */
#define LINKS_MAX 40

struct walker {
	struct walk *w;
	bool inside;         /* in a mount of ours, where the kernel is not asked about names */
	char real[PATH_MAX]; /* the place of the walk: without symbolic links when outside of ours;
				"" is the root */
	char todo[PATH_MAX]; /* the names that are left */
	int links;
};

static uint64_t inode(const char *path)
{
	struct statx sx;

	return statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_INO, &sx) == 0 ? sx.stx_ino : 0;
}

/* Takes the first of the names that are left; "" when there is none. */
static void next_name(char todo[static PATH_MAX], char name[static PATH_MAX])
{
	size_t begin = strspn(todo, "/"), n = strcspn(todo + begin, "/");

	memcpy(name, todo + begin, n);
	name[n] = '\0';
	memmove(todo, todo + begin + n, strlen(todo + begin + n) + 1);
}

static bool enter(struct walker *k, const char *start, struct error *err)
{
	struct walk *w = k->w;
	char path[PATH_MAX];

	k->inside = true;
	w->start = inode(start);
	w->top = inode(w->mount.dir);
	if (!mounts_locate(start, &w->mount, path, err) ||
		!path_format(w->rest, sizeof(w->rest), err, "%s", k->todo + strspn(k->todo, "/")) ||
		!path_format(w->path, sizeof(w->path), err, "%s%s%s", path,
			*w->rest && strcmp(path, "/") ? "/" : "", w->rest))
		return false;
	/* The tree of an instant has no inode where a walk could start. */
	if (at_take(&w->mount, w->path, w->at)) {
		w->start = 0;
		*w->rest = '\0';
	}
	return true;
}

/* Goes on at the target of a symbolic link outside of ours. */
static bool follow_link(struct walker *k, const char *target, struct error *err)
{
	char rest[PATH_MAX];

	if (++k->links > LINKS_MAX) {
		errno = ELOOP;
		return error_sys(err, "%s", k->real);
	}
	if (*target == '/')
		*k->real = '\0';
	else
		*strrchr(k->real, '/') = '\0';
	return path_format(rest, sizeof(rest), err, "%s", k->todo) &&
	       path_format(k->todo, sizeof(k->todo), err, "%s%s", target, rest);
}

/*
 * Walks one name. Sets *done when the kernel's part ends here. In a mount of ours only mounts below
 * it matter: the names belong to the past, and so nobody knows where .. leads.
 */
static bool step(struct walker *k, const char *name, bool *done, struct error *err)
{
	char target[PATH_MAX];
	struct mount_point m;
	size_t n = strlen(k->real);
	ssize_t len;

	if (!strcmp(name, ".."))
		*done = k->inside;
	if (!strcmp(name, "..") && n && !k->inside)
		*strrchr(k->real, '/') = '\0';
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return true;
	if (!path_format(k->real + n, sizeof(k->real) - n, err, "/%s", name))
		return false;
	if (k->inside) {
		if (!mounts_at(k->real, &m) || m.id == k->w->mount.id)
			return true;
		k->inside = false;
	}
	if (mounts_find(k->real, &k->w->mount))
		return enter(k, k->real, err);
	len = readlink(k->real, target, sizeof(target) - 1);
	if (len < 0) {
		*done = errno != EINVAL;
		return true;
	}
	target[len] = '\0';
	return follow_link(k, target, err);
}

/*
 * Begins in a current directory that was removed: it has no path any more, but is in a mount still.
 */
static bool begin_removed(struct walker *k, struct error *err)
{
	static const char mark[] = " (deleted)";
	ssize_t n = readlink("/proc/self/cwd", k->real, sizeof(k->real) - 1);

	k->real[n > 0 ? n : 0] = '\0';
	if (n < (ssize_t)sizeof(mark) || strcmp(k->real + n - sizeof(mark) + 1, mark) ||
		!mountinfo_by_id(mountinfo_id(AT_FDCWD, "."), &k->w->mount) || !k->w->mount.ours) {
		errno = ENOENT;
		return error_sys(err, "cannot find the current directory");
	}
	k->real[n - (ssize_t)sizeof(mark) + 1] = '\0';
	if (!enter(k, k->real, err))
		return false;
	k->w->start = inode(".");
	return true;
}

static bool begin(struct walker *k, struct error *err)
{
	if (*k->todo == '/')
		return !mounts_find("/", &k->w->mount) || enter(k, "/", err);
	if (!getcwd(k->real, sizeof(k->real)))
		return errno == ENOENT ? begin_removed(k, err)
				       : error_sys(err, "cannot find the current directory");
	if (mounts_find(k->real, &k->w->mount) && !enter(k, k->real, err))
		return false;
	if (!strcmp(k->real, "/"))
		*k->real = '\0';
	return true;
}

bool walk_begin(const char *path, struct walk *w, bool *inside, struct error *err)
{
	struct walker k = {.w = w};
	char name[PATH_MAX], left[PATH_MAX];
	bool done = false;

	memset(w, 0, sizeof(*w));
	*inside = false;
	if (!path_format(k.todo, sizeof(k.todo), err, "%s", path) || !begin(&k, err))
		return false;
	while (!done) {
		next_name(k.todo, name);
		done = !*name;
		if (!done && !step(&k, name, &done, err))
			return false;
	}
	*inside = k.inside;
	if (k.inside)
		return true;
	/* Another filesystem may cover ours, or ours may be hidden. */
	return path_format(left, sizeof(left), err, "%s%s", *k.real || *k.todo ? k.real : "/",
		       k.todo) &&
	       mounts_locate(left, &w->mount, name, err);
}
