#include "actor/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mark.h"
#include "base/mountinfo.h"

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

/* Identifies a file. With DONT_SYNC the kernel gives the numbers of a file in use that it knows,
 * and asks no FUSE filesystem for them. */
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

/* Returns whether a lookup in filesystems of this type waits for a disk at most. */
static bool is_local(const char *type)
{
	static const char *const types[] = {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs",
		"bcachefs", "tmpfs", "ramfs", "rootfs", "overlay", "squashfs", "erofs", "iso9660"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(type, types[i]))
			return true;
	return false;
}

static bool leads_through(const char *path, const char *dir)
{
	size_t len = strcmp(dir, "/") ? strlen(dir) : 0;

	return !strncmp(path, dir, len) && (path[len] == '/' || !path[len]);
}

struct way {
	const char *path;
	bool local;
};

static bool pass_mount(const struct mount_point *m, void *arg)
{
	struct way *way = arg;

	way->local = !leads_through(way->path, m->dir) || is_local(m->type);
	return way->local;
}

/* Returns whether all that is mounted on the way to path, as we see it, is local. */
static bool is_local_path(const char *path)
{
	struct way way = {path, true};

	return mountinfo_visit(0, pass_mount, &way, NULL) && way.local;
}

/*
 * Looks up a path where we are: 1 and *id; 0 when nothing that could be it is there; -1 when that
 * is not known. The path is as the kernel gives it, without symbolic links. It is first looked for
 * in what the kernel has in memory, which asks no filesystem: a program that runs is there by its
 * path, where that is its path.
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
