#include "actor/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mark.h"

#define DELETED " (deleted)"

struct file_id {
	uint32_t major, minor;
	uint64_t ino;
};

unsigned long program_suffix(const char *text, unsigned long len)
{
	size_t n = strlen(DELETED);

	return len > n && !memcmp(text + len - n, DELETED, n) ? n : 0;
}

/* DONT_SYNC: the kernel knows the numbers of a file in use, and FUSE is not asked for them. */
static bool identify(int dirfd, const char *name, int flags, struct file_id *id)
{
	struct statx st;

	if (statx(dirfd, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT | flags, STATX_INO, &st) != 0)
		return false;
	*id = (struct file_id){st.stx_dev_major, st.stx_dev_minor, st.stx_ino};
	return true;
}

static bool same_file(const struct file_id *a, const struct file_id *b)
{
	return a->ino == b->ino && a->major == b->major && a->minor == b->minor;
}

/* Types of which a lookup waits for a disk at most. */
static bool is_local(const char *type)
{
	static const char *const types[] = {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs",
		"bcachefs", "tmpfs", "ramfs", "rootfs", "overlay", "squashfs", "erofs", "iso9660"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(type, types[i]))
			return true;
	return false;
}

/* Undoes the \NNN of proc(5), in place. */
static void unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] && s[2] && s[3]) {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
}

static bool leads_through(const char *path, const char *dir)
{
	size_t len = strcmp(dir, "/") ? strlen(dir) : 0;

	return !strncmp(path, dir, len) && (path[len] == '/' || !path[len]);
}

/* Whether all that is mounted on the way to path, as we see it, is local. */
static bool is_local_path(const char *path)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t size = 0;
	bool local = f != NULL;

	while (local && getline(&line, &size, f) > 0) {
		char dir[PATH_MAX], type[64];
		const char *rest = strstr(line, " - ");

		if (!rest || sscanf(line, "%*s %*s %*s %*s %4095s", dir) != 1 ||
			sscanf(rest, " - %63s", type) != 1)
			continue;
		unescape(dir);
		local = !leads_through(path, dir) || is_local(type);
	}
	free(line);
	if (f)
		fclose(f);
	return local;
}

/*
 * What is at a path where we are: 1 and *id; 0 nothing that could be it; -1 not known. The path is
 * as the kernel gives it, without symbolic links. First with what the kernel has in memory, which
 * no filesystem is asked for; a program that runs is there by its path, where that is its path.
 */
static int look_up(const char *path, struct file_id *id)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_CACHED};
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	bool known;

	if (fd < 0 && errno == EAGAIN && is_local_path(path)) {
		how.resolve &= ~(uint64_t)RESOLVE_CACHED;
		fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	}
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -1;
	known = identify(fd, "", AT_EMPTY_PATH, id);
	close(fd);
	return known ? 1 : -1;
}

unsigned int program_marks(int dirfd, bool *whole)
{
	char path[PATH_MAX];
	ssize_t n = readlinkat(dirfd, "exe", path, sizeof(path) - 1);
	struct file_id runs, there;
	int found;

	*whole = false;
	/* What is in memory alone, as of memfd_create(2), has a name without a slash at its
	 * beginning. */
	if (n <= 0 || (size_t)n >= sizeof(path) - 1 || path[0] != '/' ||
		!identify(dirfd, "exe", 0, &runs))
		return 0;
	path[n] = '\0';
	found = look_up(path, &there);
	*whole = found > 0 && same_file(&runs, &there);
	if (*whole)
		return ACTOR_EXE_SEEN;
	/* What is at the path of one that has gone is its successor, if it ever was there. */
	if (program_suffix(path, (size_t)n))
		return ACTOR_EXE_DELETED;
	return found < 0 ? 0 : ACTOR_EXE_UNSEEN;
}
