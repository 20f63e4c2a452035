#include "cluster/create.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/path.h"
#include "cluster/config.h"
#include "cluster/program.h"

#define UNFINISHED "data.new."

/* A new cluster is 40 MB, and its WAL grows by segments of 16 MB before the first checkpoint. */
#define SPACE_NEEDED_MB 300

#define INITDB_LIMIT_S 600

static bool check_space(const struct cluster *c, int home, struct error *err)
{
	unsigned long long free_mb;
	struct statvfs fs;

	if (fstatvfs(home, &fs) != 0)
		return error_sys(err, "cannot measure the free space of %s", c->home);
	free_mb = (unsigned long long)fs.f_bavail * fs.f_frsize >> 20;
	if (free_mb >= SPACE_NEEDED_MB)
		return true;
	return error_set(err, ERR_NO_SPACE,
		"the private PostgreSQL needs %d MB in %s, and %llu MB are free there: "
		"make room, or set THULE_HOME to a directory on another disk",
		SPACE_NEEDED_MB, c->home, free_mb);
}

/* Removes the remains of an interrupted start. The lock says that nobody is at work on them. */
static void remove_unfinished(const struct cluster *c, const struct account *account, int home)
{
	DIR *dir = fdopendir(dup(home));
	struct dirent *d;
	char path[PATH_MAX];

	if (!dir)
		return;
	while ((d = readdir(dir))) {
		bool removed = false;
		const char *argv[] = {"/bin/rm", "-rf", "--", path, NULL};
		if (strncmp(d->d_name, UNFINISHED, strlen(UNFINISHED)) ||
			!path_format(path, sizeof(path), NULL, "%s/%s", c->home, d->d_name))
			continue;
		/*
		 * Children of a killed initdb can go on writing for a moment. A failure does no
		 * harm: the next attempt has a name of its own.
		 */
		for (int tries = 0; tries < 5 && !removed; tries++) {
			if (tries > 0)
				usleep(200000);
			program_run(argv, account, 60, NULL);
			removed = unlinkat(home, d->d_name, AT_REMOVEDIR) == 0 || errno == ENOENT;
		}
	}
	closedir(dir);
}

int cluster_open_data(const struct cluster *c, const struct account *account, struct error *err)
{
	int fd = open(c->data, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0) {
		error_sys(err, "cannot open %s", c->data);
	} else if (st.st_uid != account->uid) {
		error_set(err, ERR_AUTH,
			"%s does not belong to %s, who runs the private PostgreSQL: give it to "
			"that user, or set THULE_HOME",
			c->data, account->name);
	} else if (faccessat(fd, "PG_VERSION", F_OK, 0) != 0) {
		error_set(err, ERR_CORRUPT,
			"%s is not a data directory of PostgreSQL: move it away, or set THULE_HOME",
			c->data);
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

bool cluster_make_directory(const char *path, const struct account *account, struct error *err)
{
	struct stat st;
	bool ok;
	int fd;

	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return error_sys(err, "cannot create %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0) {
		error_sys(err, "cannot use %s", path);
		if (fd >= 0)
			close(fd);
		return false;
	}
	/* Somebody else may have made it first in /tmp and /run. */
	if (st.st_uid != account->uid && st.st_uid != geteuid())
		ok = error_set(err, ERR_AUTH, "%s belongs to somebody else (uid %u): remove it",
			path, (unsigned int)st.st_uid);
	else if ((account->other && fchown(fd, account->uid, 0) != 0) ||
		 fchmod(fd, account->other ? 0750 : 0700) != 0)
		ok = error_sys(err, "cannot give %s to %s", path, account->name);
	else
		ok = true;
	close(fd);
	return ok;
}

static bool initdb(const char *path, const struct account *account, struct error *err)
{
	char program[PATH_MAX], pgdata[PATH_MAX];
	const char *argv[] = {program, pgdata, "--username=thule", "--encoding=UTF8",
		"--locale=C.UTF-8", "--data-checksums", "--auth-local=peer", "--auth-host=reject",
		NULL};

	return program_find("initdb", NULL, program, sizeof(program), err) &&
	       path_format(pgdata, sizeof(pgdata), err, "--pgdata=%s", path) &&
	       program_run(argv, account, INITDB_LIMIT_S, err);
}

static bool fill(
	const struct cluster *c, const char *path, const struct account *account, struct error *err)
{
	bool ok;
	int dir;

	if (!initdb(path, account, err))
		return false;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return error_sys(err, "cannot open %s", path);
	ok = config_write_access(dir, account, err) && config_write_include(dir, err) &&
	     config_write_settings(dir, c, account, err);
	if (ok && fsync(dir) != 0)
		ok = error_sys(err, "cannot flush %s", path);
	close(dir);
	return ok;
}

bool cluster_create(
	const struct cluster *c, const struct account *account, int home, struct error *err)
{
	char path[PATH_MAX];

	remove_unfinished(c, account, home);
	if (!check_space(c, home, err) ||
		!path_format(path, sizeof(path), err, "%s/" UNFINISHED "XXXXXX", c->home))
		return false;
	if (!mkdtemp(path))
		return error_sys(err, "cannot create a directory in %s", c->home);
	if (account->other && lchown(path, account->uid, account->gid) != 0)
		error_sys(err, "cannot give %s to %s", path, account->name);
	else if (!fill(c, path, account, err))
		; /* *err says why */
	else if (rename(path, c->data) != 0 || fsync(home) != 0)
		error_sys(err, "cannot rename %s to %s", path, c->data);
	else
		return true;
	remove_unfinished(c, account, home);
	return false;
}
