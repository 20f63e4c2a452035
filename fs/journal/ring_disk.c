#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "journal/ring_impl.h"

/* Where a journal's file is: whether its name is still its own, and whether a disk has it, so that
 * it may outlive its host (ring_log.c). */

bool ring_intact(const char *path, int fd)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && lstat(path, &named) == 0 && ours.st_ino == named.st_ino &&
	       ours.st_dev == named.st_dev;
}

bool ring_check_disk(const struct ring *ring, struct error *err)
{
	struct statfs fs;

	if (fstatfs(ring->fd, &fs) < 0)
		return error_sys(err, "cannot tell where the journal %s is", ring->path);
	if (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC)
		return error_set(err, ERR_USAGE,
			"the journal %s would be in memory, and fsync=journal promises that it is "
			"on "
			"a disk: name a file or directory on one with -o journal=PATH",
			ring->path);
	if (fs.f_type == FUSE_SUPER_MAGIC)
		return error_set(err, ERR_USAGE,
			"the journal %s would be on a FUSE filesystem, and fsync=journal promises "
			"that "
			"it is on a disk of this host: name a file or directory on one with -o "
			"journal=PATH",
			ring->path);
	return true;
}

bool ring_anchor(struct ring *ring, struct error *err)
{
	char dir[PATH_MAX];
	char *slash;
	int fd;
	bool ok;

	snprintf(dir, sizeof(dir), "%s", ring->path);
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = 0;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = fd >= 0 && fsync(ring->fd) == 0 && fsync(fd) == 0;
	if (!ok)
		error_sys(err, "cannot flush the journal %s", ring->path);
	if (fd >= 0)
		close(fd);
	return ok;
}

size_t ring_unflushed(const struct ring *ring)
{
	return ring_tail(ring) - atomic_load(&ring->flushed_tail);
}

void ring_forgo(struct ring *ring)
{
	ring->durable = false;
	ring->h->durable = false;
}
