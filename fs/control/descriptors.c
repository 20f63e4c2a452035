#include "control/descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/proc_read.h"
#include "control/line.h"

struct search {
	dev_t device;
	struct buf *out;
};

/* The number is that of the file itself, which the kernel has without asking (DONT_SYNC): we must
 * not wait for our own mount, nor for another one. */
static void look_at(const struct search *s, pid_t pid, int dir, const char *name)
{
	char path[PATH_MAX];
	struct statx st;
	ssize_t n;

	if (statx(dir, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO, &st) < 0 ||
		makedev(st.stx_dev_major, st.stx_dev_minor) != s->device)
		return;
	n = readlinkat(dir, name, path, sizeof(path) - 1);
	if (n < 0)
		return;
	path[n] = '\0';
	line_add(s->out, "descriptor\t%d\t%s\t%" PRIu64, (int)pid, name, (uint64_t)st.stx_ino);
	line_add_text(s->out, path);
	buf_add(s->out, "\n", 1);
}

static bool look_in(pid_t pid, void *arg)
{
	struct dirent *d;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir)))
		if (*d->d_name != '.')
			look_at(arg, pid, dirfd(dir), d->d_name);
	if (dir)
		closedir(dir);
	return true;
}

void descriptors_write(dev_t device, struct buf *out)
{
	struct search s = {device, out};

	proc_each(look_in, &s);
}
