#include "mountpoint.h"

#include <dirent.h>
#include <errno.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <spawn.h>
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

#include "base/mountinfo.h"
#include "op/past.h"

extern char **environ;

static bool is_empty(const char *path)
{
	DIR *d = opendir(path);
	int names = 0;

	while (d && names < 3 && readdir(d))
		names++;
	if (d)
		closedir(d);
	return names <= 2;
}

static bool is_mounted(const char *path, dev_t dev)
{
	char parent[PATH_MAX + 4];
	struct stat st;

	snprintf(parent, sizeof(parent), "%s/..", path);
	return stat(parent, &st) == 0 && st.st_dev != dev;
}

struct same {
	const char *source, *path;
	bool found;
};

static bool is_same(const struct mount_point *m, void *arg)
{
	struct same *s = arg;

	if (!strcmp(m->dir, s->path))
		s->found = m->ours && !strcmp(m->source, s->source);
	return true;
}

/* Whether `source` is what is seen at path, also after a umount that is under way has had its
 * second. */
static bool has_source(const char *path, const char *source)
{
	const struct timespec step = {.tv_nsec = 20000000};
	struct same s = {source, path, true};

	for (int i = 0; s.found && i < 50; i++) {
		if (i)
			nanosleep(&step, NULL);
		s.found = false;
		if (!mountinfo_visit(0, is_same, &s, NULL))
			return false;
	}
	return s.found;
}

static bool check_free(
	const struct config *c, const char *path, const struct stat *st, struct error *err)
{
	char source[2048];

	if (!source_public(c->source, source, sizeof(source), err))
		return false;
	if ((c->helper && has_source(path, source)) || (!c->helper && is_mounted(path, st->st_dev)))
		return error_set(err, ERR_BUSY,
			"something is mounted at %s already: see `findmnt %s`", path, path);
	if (!c->helper && !is_empty(path))
		return error_set(err, ERR_USAGE,
			"the mount point %s is not empty: what is in it would be hidden; choose an "
			"empty directory",
			path);
	return true;
}

bool mountpoint_check(const struct config *c, char path[PATH_MAX], struct error *err)
{
	const char *dir = c->dir;
	struct statfs fs;
	struct stat st;

	/* The kernel answers stat(2) of a dead mount from its cache; statfs(2) asks the daemon. */
	if (statfs(dir, &fs) < 0 || stat(dir, &st) < 0) {
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
	if (!realpath(dir, path))
		return error_sys(err, "cannot resolve the mount point %s", dir);
	return check_free(c, path, &st, err);
}

/* Writes the set keywords of a parsed connection string, but for the password. */
static bool write_conninfo(const PQconninfoOption *o, char *out, size_t size)
{
	size_t n = 0;

	for (; o->keyword; o++) {
		if (!o->val || strstr(o->keyword, "password"))
			continue;
		n += (size_t)snprintf(
			out + n, n < size ? size - n : 0, "%s%s='", n ? " " : "", o->keyword);
		for (const char *p = o->val; *p && n + 4 < size; p++) {
			if (*p == '\'' || *p == '\\')
				out[n++] = '\\';
			out[n++] = *p;
		}
		n += (size_t)snprintf(out + n, n < size ? size - n : 0, "'");
		if (n >= size)
			return false;
	}
	return true;
}

bool source_public(const char *source, char *out, size_t size, struct error *err)
{
	PQconninfoOption *parsed;
	bool secret = false, ok;
	char *why = NULL;

	if (!strcmp(source, "private")) {
		snprintf(out, size, "%s", source);
		return true;
	}
	parsed = PQconninfoParse(source, &why);
	if (!parsed) {
		if (why)
			why[strcspn(why, "\n")] = '\0';
		error_set(err, ERR_USAGE,
			"SOURCE is neither `private` nor a connection string or URI: %s",
			why ? why : "no memory");
		PQfreemem(why);
		return false;
	}
	for (const PQconninfoOption *o = parsed; o->keyword; o++)
		secret = secret || (o->val && strstr(o->keyword, "password"));
	ok = secret ? write_conninfo(parsed, out, size)
		    : (size_t)snprintf(out, size, "%s", source) < size;
	PQconninfoFree(parsed);
	return ok ? true : error_set(err, ERR_USAGE, "SOURCE is too long");
}

/* libfuse has its own defaults for some, so each is said. */
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

/* Those that a mount has by itself, whatever its filesystem has. */
#define BIND_FLAGS                                                                                 \
	(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME | \
		MS_STRICTATIME | MS_NOSYMFOLLOW)

/* Of these, what libfuse does not know: set once it is mounted. */
#define LATE_FLAGS (MS_STRICTATIME | MS_NODIRATIME | MS_NOSYMFOLLOW)

static bool set_flags(const char *path, unsigned long flags)
{
	return mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | (flags & BIND_FLAGS), NULL) == 0;
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

struct fuse_session *mountpoint_mount(const struct config *c, const char *path,
	const char *public_source, const struct fuse_lowlevel_ops *ops, void *userdata,
	struct error *err)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *se = NULL;
	char fsname[4096], *opts = NULL;
	bool ok;

	snprintf(fsname, sizeof(fsname), "fsname=%s", public_source);
	ok = fuse_opt_add_arg(&args, "thulefs") == 0 &&
	     fuse_opt_add_opt(&opts, "default_permissions") == 0 &&
	     fuse_opt_add_opt_escaped(&opts, fsname) == 0 &&
	     (c->nosubtype || fuse_opt_add_opt(&opts, "subtype=thulefs") == 0) &&
	     (!c->allow_other || fuse_opt_add_opt(&opts, "allow_other") == 0) &&
	     add_flags(&opts, c->mount_flags) && fuse_opt_add_arg(&args, "-o") == 0 &&
	     fuse_opt_add_arg(&args, opts) == 0;
	if (ok)
		se = fuse_session_new(&args, ops, sizeof(*ops), userdata);
	fuse_opt_free_args(&args);
	free(opts);
	if (!se) {
		error_set(err, ERR_INTERNAL, "libfuse does not take the mount options");
		return NULL;
	}
	if (fuse_session_mount(se, path) == 0) {
		/* Without the others nothing breaks. */
		if (!(c->mount_flags & LATE_FLAGS) || set_flags(path, c->mount_flags) ||
			!(c->mount_flags & MS_NOSYMFOLLOW))
			return se;
		error_sys(err, "only root may mount with nosymfollow: %s", path);
		fuse_session_unmount(se);
		fuse_session_destroy(se);
		return NULL;
	}
	fuse_session_destroy(se);
	refused(path, err);
	return NULL;
}

bool mountpoint_bind(const struct config *c, const char *from, const char *path, struct error *err)
{
	if (mount(from, path, NULL, MS_BIND, NULL) == 0 && set_flags(path, c->mount_flags))
		return true;
	return error_sys(err, "cannot mount at %s what is mounted at %s already", path, from);
}

static bool is_there(const struct mount_point *m, void *arg)
{
	struct same *s = arg;

	if (!strcmp(m->dir, s->path))
		s->found = m->ours;
	return true;
}

bool mountpoint_remount(const struct config *c, struct error *err)
{
	char path[PATH_MAX];
	struct same s = {NULL, path, false};
	unsigned long flags = c->mount_flags;

	if (!realpath(c->dir, path))
		return error_sys(err, "cannot resolve the mount point %s", c->dir);
	if (!mountinfo_visit(0, is_there, &s, err))
		return false;
	if (!s.found)
		return error_set(err, ERR_USAGE, "no ThuleFS is mounted at %s", c->dir);
	/* mount(8) does not know what it is any more: /proc/mounts has no at=T. */
	if (getxattr(path, PAST_XATTR, NULL, 0) > 0)
		flags |= CONFIG_PAST_FLAGS;
	if (mount(c->source, path, "fuse.thulefs", MS_REMOUNT | flags, "") < 0)
		return error_sys(err, "cannot remount %s", c->dir);
	return true;
}

static void detach(const char *path)
{
	const char *argv[] = {"fusermount3", "-u", "-z", "--", path, NULL};
	pid_t pid;

	if (umount2(path, MNT_DETACH) == 0)
		return;
	if (posix_spawnp(&pid, argv[0], NULL, NULL, (char **)(uintptr_t)argv, environ) == 0)
		waitpid(pid, NULL, 0);
}

static bool detach_ours(const struct mount_point *m, void *arg)
{
	const long *device = arg;

	if (m->device == *device && m->ours)
		detach(m->dir);
	return true;
}

void mountpoint_detach(void)
{
	long device = mountinfo_connection(getpid());

	if (device > 0)
		mountinfo_visit(0, detach_ours, &device, NULL);
}
