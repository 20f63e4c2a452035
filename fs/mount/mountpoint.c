#include "mount/mountpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse_log.h>
#include <pwd.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utf8.h"
#include "db/source.h"
#include "past/past.h"

extern char **environ;

static bool is_empty(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int names = 0;

	if (fd >= 0 && !d)
		close(fd);
	while (d && names < 3 && readdir(d))
		names++;
	if (d)
		closedir(d);
	return names <= 2;
}

static bool is_mounted(int dir, dev_t dev)
{
	struct stat st;

	return fstatat(dir, "..", &st, 0) == 0 && st.st_dev != dev;
}

struct same {
	const char *source, *path;
	unsigned long flags; /* those that the mount must have */
	bool found;
};

static bool is_same(const struct mount_point *m, void *arg)
{
	struct same *s = arg;

	if (!strcmp(m->dir, s->path))
		s->found = m->ours && !strcmp(m->source, s->source) &&
			   m->owner == (long)geteuid() && (m->flags & s->flags) == s->flags;
	return true;
}

/* Returns whether `source` is mounted at path, also after a umount that is under way has had its
 * second. */
static bool has_source(const struct config *c, const char *path, const char *source)
{
	const struct timespec step = {.tv_nsec = 20000000};
	struct same s = {source, path, *c->at ? MS_RDONLY : 0, true};

	for (int i = 0; s.found && i < 50; i++) {
		if (i)
			nanosleep(&step, NULL);
		s.found = false;
		if (!mountinfo_visit(0, is_same, &s, NULL))
			return false;
	}
	return s.found;
}

static bool check_free(struct config *c, const char *path, const struct stat *st, struct error *err)
{
	char source[2048];

	if (!source_public(c->source, source, sizeof(source), err))
		return false;
	/* mount(8) compares fstab with /proc/mounts, where what is secret is not. */
	c->there = c->helper && has_source(c, path, source);
	if (c->there)
		return true;
	if (!c->helper && is_mounted(c->dir_fd, st->st_dev))
		return error_set(err, ERR_BUSY,
			"something is mounted at %s already: see `findmnt %s`", path, path);
	if (!c->helper && !is_empty(c->dir_fd))
		return error_set(err, ERR_USAGE,
			"the mount point %s is not empty: a mount would hide its files; choose an "
			"empty directory",
			path);
	return true;
}

/* Reads where a descriptor is now. */
static bool path_of(int fd, char path[PATH_MAX], struct error *err)
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	if (n < 0)
		return error_sys(err, "cannot read %s", link);
	path[n] = '\0';
	return true;
}

/* The database notes where its mounts are, and its text is UTF-8. */
static bool check_text(const char *path, struct error *err)
{
	return utf8_is_text(path, strlen(path)) ||
	       error_set(err, ERR_USAGE,
		       "the path of the mount point %s is not text in UTF-8: rename it, or choose "
		       "another",
		       path);
}

bool mountpoint_check(struct config *c, char path[PATH_MAX], struct error *err)
{
	const char *dir = c->dir;
	struct statfs fs;
	struct stat st;

	/* The kernel answers stat(2) of a dead mount from its cache; statfs(2) asks the daemon. */
	c->dir_fd = open(dir, O_PATH | O_CLOEXEC);
	if (c->dir_fd < 0 || fstatfs(c->dir_fd, &fs) < 0 || fstat(c->dir_fd, &st) < 0) {
		if (errno == ENOTCONN)
			return error_set(err, ERR_BUSY,
				"%s is a dead mount, its daemon is gone: run `fusermount3 -uz %s` "
				"first",
				dir, dir);
		if (errno == ENOENT)
			return error_set(err, ERR_NOT_FOUND,
				"the mount point %s does not exist: make it with mkdir", dir);
		return error_sys(err, "cannot use the mount point %s", dir);
	}
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ERR_USAGE, "the mount point %s is not a directory", dir);
	return path_of(c->dir_fd, path, err) && check_text(path, err) &&
	       check_free(c, path, &st, err);
}

/* Adds the mount flags; libfuse has its own defaults for some, so each is said. */
static bool add_flags(char **opts, unsigned long flags)
{
	return fuse_opt_add_opt(opts, flags & MS_RDONLY ? "ro" : "rw") == 0 &&
	       fuse_opt_add_opt(opts, flags & MS_NOSUID ? "nosuid" : "suid") == 0 &&
	       fuse_opt_add_opt(opts, flags & MS_NODEV ? "nodev" : "dev") == 0 &&
	       fuse_opt_add_opt(opts, flags & MS_NOEXEC ? "noexec" : "exec") == 0 &&
	       fuse_opt_add_opt(opts, flags & MS_SYNCHRONOUS ? "sync" : "async") == 0 &&
	       (!(flags & MS_DIRSYNC) || fuse_opt_add_opt(opts, "dirsync") == 0) &&
	       (!(flags & MS_NOATIME) || fuse_opt_add_opt(opts, "noatime") == 0);
}

/* Flags that a mount has by itself, whatever its filesystem has. */
#define BIND_FLAGS                                                                                 \
	(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME | \
		MS_STRICTATIME | MS_NOSYMFOLLOW)

/* Those of them that libfuse does not know: set once it is mounted. */
#define LATE_FLAGS (MS_STRICTATIME | MS_NODIRATIME | MS_NOSYMFOLLOW)

static bool set_flags(int top, unsigned long flags)
{
	char link[32];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", top);
	return mount(NULL, link, NULL, MS_REMOUNT | MS_BIND | (flags & BIND_FLAGS), NULL) == 0;
}

/*
 * Opens the mount at path, which must be the one that was just made on the directory that was
 * checked; -1 with *err set. A process of the same user, or of one who may write above it, may have
 * moved that and put something else in its place.
 */
static int open_top(
	const struct config *c, const char *path, struct mount_point *m, struct error *err)
{
	int parent = mountinfo_id(c->dir_fd, ""), id, fd;

	fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		error_sys(err, "cannot open what was mounted at %s", path);
		return -1;
	}
	id = mountinfo_id(fd, "");
	if (id >= 0 && mountinfo_by_id(id, m) && m->ours && m->parent == parent &&
		!strcmp(m->dir, path))
		return fd;
	close(fd);
	error_set(err, ERR_BUSY,
		"the mount point %s was moved or replaced while it was being mounted on: nothing "
		"is mounted now",
		path);
	return -1;
}

/*
 * Runs in what was checked: `.` is that for mount(2) and for fusermount3, where a path could have
 * come to lead elsewhere.
 */
static int enter(const struct config *c, struct error *err)
{
	int before = open(".", O_PATH | O_CLOEXEC);

	if (fchdir(c->dir_fd) == 0)
		return before;
	error_sys(err, "cannot enter the mount point %s", c->dir);
	if (before >= 0)
		close(before);
	return -1;
}

static void leave(int before)
{
	if (fchdir(before) < 0 && chdir("/") < 0)
		log_warn("cannot leave the mount point: %s", strerror(errno));
	close(before);
}

void mountpoint_unmount(const struct config *c, struct fuse_session *se)
{
	int before = enter(c, NULL);

	fuse_session_unmount(se);
	if (before >= 0)
		leave(before);
}

static void refused(const char *path, struct error *err)
{
	if (geteuid() != 0 && !getpwuid(geteuid()))
		error_set(err, ERR_AUTH,
			"cannot mount at %s: fusermount3 mounts for users in the password "
			"database, and uid %u has no name there; root, or uid 0 of a user "
			"namespace, needs none",
			path, (unsigned int)geteuid());
	else
		error_set(err, ERR_SYSTEM,
			"cannot mount at %s: see the lines above; is /dev/fuse there, and may you "
			"use it?",
			path);
}

/* Passes a line of libfuse's on to the log; libfuse ends its lines itself. */
__attribute__((format(printf, 2, 0))) static void log_libfuse(
	enum fuse_log_level level, const char *fmt, va_list ap)
{
	char line[1024];
	int n = vsnprintf(line, sizeof(line), fmt, ap);

	if (n > 0 && (size_t)n < sizeof(line) && line[n - 1] == '\n')
		line[n - 1] = '\0';
	log_line(level <= FUSE_LOG_ERR       ? LOG_LEVEL_ERROR
		 : level == FUSE_LOG_WARNING ? LOG_LEVEL_WARN
		 : level <= FUSE_LOG_INFO    ? LOG_LEVEL_INFO
					     : LOG_LEVEL_DEBUG,
		"%s", line);
}

static struct fuse_session *new_session(const struct config *c, const char *public_source,
	const struct fuse_lowlevel_ops *ops, void *userdata, struct error *err)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *se = NULL;
	char fsname[4096], *opts = NULL;
	bool ok;

	fuse_set_log_func(log_libfuse);
	snprintf(fsname, sizeof(fsname), "fsname=%s", public_source);
	ok = fuse_opt_add_arg(&args, "thulefs") == 0 &&
	     fuse_opt_add_opt(&opts, "default_permissions") == 0 &&
	     fuse_opt_add_opt_escaped(&opts, fsname) == 0 &&
	     (c->nosubtype || fuse_opt_add_opt(&opts, "subtype=thulefs") == 0) &&
	     (!c->allow_other || fuse_opt_add_opt(&opts, "allow_other") == 0) &&
	     (!c->debug || fuse_opt_add_opt(&opts, "debug") == 0) &&
	     add_flags(&opts, c->mount_flags) && fuse_opt_add_arg(&args, "-o") == 0 &&
	     fuse_opt_add_arg(&args, opts) == 0;
	if (ok)
		se = fuse_session_new(&args, ops, sizeof(*ops), userdata);
	fuse_opt_free_args(&args);
	free(opts);
	if (!se)
		error_set(err, ERR_INTERNAL, "libfuse does not take the mount options");
	return se;
}

/* Checks where it was mounted, and sets the flags that libfuse cannot. */
static bool finish(
	const struct config *c, const char *path, unsigned int *device, struct error *err)
{
	struct mount_point m;
	int top = open_top(c, path, &m, err);
	bool ok = top >= 0;

	if (!ok)
		return false;
	*device = m.device;
	/* Without the others nothing breaks. */
	if (c->mount_flags & LATE_FLAGS && !set_flags(top, c->mount_flags) &&
		c->mount_flags & MS_NOSYMFOLLOW)
		ok = error_sys(err, "only root may mount with nosymfollow: %s", path);
	close(top);
	return ok;
}

struct fuse_session *mountpoint_mount(const struct config *c, const char *path,
	const char *public_source, const struct fuse_lowlevel_ops *ops, void *userdata,
	unsigned int *device, struct error *err)
{
	struct fuse_session *se = new_session(c, public_source, ops, userdata, err);
	int before = se ? enter(c, err) : -1;
	bool mounted;

	if (before < 0) {
		if (se)
			fuse_session_destroy(se);
		return NULL;
	}
	mounted = fuse_session_mount(se, ".") == 0;
	leave(before);
	if (mounted && finish(c, path, device, err))
		return se;
	if (mounted)
		mountpoint_unmount(c, se);
	else
		refused(path, err);
	fuse_session_destroy(se);
	return NULL;
}

struct fuse_session *mountpoint_take(const struct config *c, const char *public_source,
	const struct fuse_lowlevel_ops *ops, void *userdata, int fd, struct error *err)
{
	struct fuse_session *se = new_session(c, public_source, ops, userdata, err);
	char name[32];

	/* What libfuse is to use, and not to unmount. */
	snprintf(name, sizeof(name), "/dev/fd/%d", fd);
	if (!se || fuse_session_mount(se, name) == 0)
		return se;
	error_set(err, ERR_INTERNAL, "libfuse does not take the mount of an earlier daemon");
	fuse_session_destroy(se);
	return NULL;
}

/* Returns the same flags, in the terms of mount_setattr(2). */
static struct mount_attr bind_attributes(unsigned long flags)
{
	static const struct {
		unsigned long flag;
		__u64 attr;
	} known[] = {{MS_RDONLY, MOUNT_ATTR_RDONLY}, {MS_NOSUID, MOUNT_ATTR_NOSUID},
		{MS_NODEV, MOUNT_ATTR_NODEV}, {MS_NOEXEC, MOUNT_ATTR_NOEXEC},
		{MS_NODIRATIME, MOUNT_ATTR_NODIRATIME}, {MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW}};
	struct mount_attr attr = {0};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		*(flags & known[i].flag ? &attr.attr_set : &attr.attr_clr) |= known[i].attr;
	if (flags & (MS_NOATIME | MS_STRICTATIME | MS_RELATIME)) {
		attr.attr_clr |= MOUNT_ATTR__ATIME;
		attr.attr_set |= flags & MS_NOATIME       ? MOUNT_ATTR_NOATIME
				 : flags & MS_STRICTATIME ? MOUNT_ATTR_STRICTATIME
							  : MOUNT_ATTR_RELATIME;
	}
	return attr;
}

/* Clones the mount at its directory, unless another has taken its place. */
static int clone_mount(const struct mount_point *from)
{
	int fd = open(from->dir, O_PATH | O_NOFOLLOW | O_CLOEXEC), tree = -1;

	if (fd >= 0 && mountinfo_id(fd, "") != from->id)
		errno = ESTALE;
	else if (fd >= 0)
		tree = open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (fd >= 0)
		close(fd);
	return tree;
}

bool mountpoint_bind(const struct config *c, const struct mount_point *from, struct error *err)
{
	struct mount_attr attr = bind_attributes(c->mount_flags);
	int tree = clone_mount(from);
	bool ok = tree >= 0 && mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) == 0 &&
		  move_mount(tree, "", c->dir_fd, "",
			  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0;

	if (!ok)
		error_sys(err, "cannot mount at %s the filesystem that is mounted at %s", c->dir,
			from->dir);
	if (tree >= 0)
		close(tree);
	return ok;
}

void mountpoint_unbind(const struct config *c)
{
	char link[32];

	/* umount(2) takes what is mounted on it, if anything is. */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", c->dir_fd);
	if (umount2(link, MNT_DETACH) < 0)
		log_warn("cannot unmount %s: %s", c->dir, strerror(errno));
}

bool mountpoint_remount(const struct config *c, struct error *err)
{
	int fd = open(c->dir, O_PATH | O_CLOEXEC);
	unsigned long flags = c->mount_flags;
	char path[PATH_MAX], link[32];
	struct mount_point m;
	bool ok;

	if (fd < 0 || !path_of(fd, path, err)) {
		if (fd >= 0)
			close(fd);
		return error_sys(err, "cannot resolve the mount point %s", c->dir);
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	/* mount(8) does not know what it is any more: /proc/mounts has no at=T. */
	if (getxattr(link, PAST_XATTR, NULL, 0) > 0)
		flags |= CONFIG_PAST_FLAGS;
	if (!mountinfo_by_id(mountinfo_id(fd, ""), &m) || !m.ours || strcmp(m.dir, path))
		ok = error_set(err, ERR_USAGE, "no ThuleFS is mounted at %s", c->dir);
	else
		ok = mount(c->source, link, "fuse.thulefs", MS_REMOUNT | flags, "") == 0 ||
		     error_sys(err, "cannot remount %s", c->dir);
	close(fd);
	return ok;
}

static void detach(const struct mount_point *m)
{
	const char *argv[] = {"fusermount3", "-u", "-z", "--", m->dir, NULL};
	int fd = open(m->dir, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	bool done = false;
	char link[32];
	pid_t pid;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (fd >= 0) {
		done = mountinfo_id(fd, "") == m->id && umount2(link, MNT_DETACH) == 0;
		close(fd);
	}
	if (!done &&
		posix_spawnp(&pid, argv[0], NULL, NULL, (char **)(uintptr_t)argv, environ) == 0)
		waitpid(pid, NULL, 0);
}

static bool detach_ours(const struct mount_point *m, void *arg)
{
	const long *device = arg;

	if (m->device == *device && m->ours)
		detach(m);
	return true;
}

void mountpoint_detach(void)
{
	long device = mountinfo_connection(getpid());

	if (device > 0)
		mountinfo_visit(0, detach_ours, &device, NULL);
}
