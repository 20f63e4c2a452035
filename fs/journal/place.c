#include "journal/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/user.h"

#define NAME "thulefs"

static void add(struct places *p, const char *base, const char *below)
{
	size_t size = sizeof(p->dir[0]);

	if (base && *base == '/' &&
		(size_t)snprintf(p->dir[p->count], size, "%s%s/" NAME, base, below) < size)
		p->count++;
}

/* What $XDG_RUNTIME_DIR names may be left from somebody else, as after su(1). */
static bool is_private(const char *dir)
{
	struct stat st;

	return dir && stat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static void add_state(struct places *p)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	const struct passwd *pw;
	struct user user;

	if (state && *state == '/') {
		add(p, state, "");
		return;
	}
	if (!home || *home != '/') {
		pw = user_by_uid(&user, geteuid());
		home = pw ? pw->pw_dir : NULL;
	}
	add(p, home, "/.local/state");
}

bool places_list(struct places *p, struct error *err)
{
	p->count = 0;
	if (geteuid() == 0) {
		add(p, "/run", "");
		add(p, "/var/lib", "");
	} else if (is_private(getenv("XDG_RUNTIME_DIR"))) {
		add(p, getenv("XDG_RUNTIME_DIR"), "");
	}
	add_state(p);
	return p->count ||
	       error_set(err, ERR_NOT_FOUND,
		       "there is no place for the journal, as this user has no home: set "
		       "XDG_STATE_HOME, or name a file with -o journal=PATH");
}

/* Makes what is missing above a state directory, but no home. */
static void make_parents(const char *dir)
{
	char path[1024];
	const char *slash = dir;

	while ((slash = strchr(slash + 1, '/'))) {
		snprintf(path, sizeof(path), "%.*s", (int)(slash - dir), dir);
		if (strstr(path, "/.local") || getenv("XDG_STATE_HOME"))
			mkdir(path, 0700);
	}
}

int place_open(const char *dir, bool make, struct error *err)
{
	struct stat st;
	int fd;

	if (make) {
		make_parents(dir);
		mkdir(dir, 0700);
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		error_set(err, ERR_NOT_FOUND, "%s is not there and cannot be made", dir);
		return -1;
	}
	if (fd < 0) {
		error_sys(err, "cannot open the directory of journals %s", dir);
		return -1;
	}
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
		(!(st.st_mode & 077) || fchmod(fd, 0700) == 0))
		return fd;
	close(fd);
	error_set(err, ERR_AUTH,
		"the directory of journals %s is of uid %u and not private to uid %u", dir,
		st.st_uid, geteuid());
	return -1;
}

uint64_t place_room(int dirfd)
{
	struct statvfs st;

	if (fstatvfs(dirfd, &st) != 0)
		return 0;
	/* A tmpfs without a limit has no blocks. */
	return st.f_blocks ? (uint64_t)st.f_bavail * st.f_frsize : UINT64_MAX;
}
