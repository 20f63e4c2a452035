#include "mountpoint.h"

#include <dirent.h>
#include <errno.h>
#include <libpq-fe.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

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

bool mountpoint_check(const char *dir, char path[PATH_MAX], struct error *err)
{
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
	if (is_mounted(path, st.st_dev))
		return error_set(err, ERR_BUSY,
			"something is mounted at %s already: see `findmnt %s`", dir, dir);
	if (!is_empty(path))
		return error_set(err, ERR_USAGE,
			"the mount point %s is not empty: what is in it would be hidden; choose an "
			"empty directory",
			dir);
	return true;
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
	     (!c->read_only || fuse_opt_add_opt(&opts, "ro") == 0) &&
	     (!c->suid || fuse_opt_add_opt(&opts, "suid") == 0) &&
	     (!c->dev || fuse_opt_add_opt(&opts, "dev") == 0) &&
	     (!c->fuse_options[0] || fuse_opt_add_opt(&opts, c->fuse_options) == 0) &&
	     fuse_opt_add_arg(&args, "-o") == 0 && fuse_opt_add_arg(&args, opts) == 0;
	if (ok)
		se = fuse_session_new(&args, ops, sizeof(*ops), userdata);
	fuse_opt_free_args(&args);
	free(opts);
	if (!se) {
		error_set(err, ERR_INTERNAL, "libfuse does not take the mount options");
		return NULL;
	}
	if (fuse_session_mount(se, path) == 0)
		return se;
	fuse_session_destroy(se);
	error_set(err, ERR_SYSTEM,
		"cannot mount at %s: see the lines above; is /dev/fuse there, and may you use it?",
		path);
	return NULL;
}

bool mountpoint_remount(const struct config *c, struct error *err)
{
	unsigned long flags = MS_REMOUNT | (c->read_only ? MS_RDONLY : 0) |
			      (c->suid ? 0 : MS_NOSUID) | (c->dev ? 0 : MS_NODEV) |
			      (strstr(c->fuse_options, "noexec") ? MS_NOEXEC : 0) |
			      (strstr(c->fuse_options, "noatime") ? MS_NOATIME : 0);

	if (mount(c->source, c->dir, "fuse.thulefs", flags, "") < 0)
		return error_sys(err, "cannot remount %s", c->dir);
	return true;
}

void mountpoint_detach(const char *path)
{
	const char *argv[] = {"fusermount3", "-u", "-z", "--", path, NULL};
	pid_t pid;

	if (umount2(path, MNT_DETACH) == 0)
		return;
	if (posix_spawnp(&pid, argv[0], NULL, NULL, (char **)(uintptr_t)argv, environ) == 0)
		waitpid(pid, NULL, 0);
}
