#include "cluster/ballast.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/ballast.h"
#include "base/log.h"

/* A segment of the log, which is made as a whole, and a little. */
#define LOW_BYTES (UINT64_C(24) << 20)

/* Opens HOME, and measures what its disk has free. Returns the descriptor, or -1. */
static int open_home(const struct cluster *c, uint64_t *bytes)
{
	int home = open(c->home, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statvfs fs;

	if (home >= 0 && fstatvfs(home, &fs) != 0) {
		close(home);
		home = -1;
	}
	if (home >= 0)
		*bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	return home;
}

/* Not every filesystem can set room aside. */
static void make(int home)
{
	int fd = openat(
		home, BALLAST_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	if (fallocate(fd, 0, 0, BALLAST_BYTES) != 0)
		unlinkat(home, BALLAST_NAME, 0);
	close(fd);
}

void ballast_drop(const struct cluster *c)
{
	uint64_t bytes;
	int home = open_home(c, &bytes);

	if (home < 0)
		return;
	if (bytes < LOW_BYTES && unlinkat(home, BALLAST_NAME, 0) == 0)
		log_warn("the disk of the private PostgreSQL is full: gave up %" PRIu64 " MiB that "
			 "were kept for its log",
			BALLAST_BYTES >> 20);
	close(home);
}

void ballast_tend(const struct cluster *c)
{
	uint64_t bytes;
	int home = open_home(c, &bytes);

	if (home < 0)
		return;
	if (bytes >= 2 * BALLAST_BYTES)
		make(home);
	close(home);
}
