#include "transport/notifier.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/mountinfo.h"

#define CONNECTIONS "/sys/fs/fuse/connections"

struct notifier {
	atomic_bool telling; /* the kernel is being told something, and may wait */
	atomic_bool over;    /* the daemon is gone */
};

static bool abort_by(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, "1", 1) == 1;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Has the kernel end all requests of the connection, as it does with its last descriptor. The
 * number of one that is gone already may be another's. */
static void end_connection(void)
{
	struct pollfd p = {.fd = STDOUT_FILENO};
	char path[100];

	snprintf(path, sizeof(path), CONNECTIONS "/%ld/abort", mountinfo_connection(getpid()));
	if (poll(&p, 1, 0) < 0 || p.revents & POLLERR || abort_by(path))
		return;
	/* It is not there in every container: here, nobody else sees it. */
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		mount("none", CONNECTIONS, "fusectl", 0, NULL) == 0)
		abort_by(path);
}

static void *watch_main(void *arg)
{
	struct notifier *n = arg;
	struct pollfd p = {.fd = STDIN_FILENO};

	while (poll(&p, 1, -1) < 0 || !(p.revents & POLLHUP))
		;
	atomic_store(&n->over, true);
	if (atomic_load(&n->telling))
		end_connection();
	_exit(0);
}

/* A header alone asks to be answered when all before it is done. Returns false when it is time to
 * end. */
static bool handle(struct notifier *n, const char *message, size_t len)
{
	ssize_t done;

	if (len == sizeof(struct fuse_out_header))
		return write(STDIN_FILENO, "", 1) == 1;
	atomic_store(&n->telling, true);
	if (atomic_load(&n->over))
		return false;
	/* The kernel refuses what it does not know of anyway. */
	done = write(STDOUT_FILENO, message, len);
	(void)done;
	atomic_store(&n->telling, false);
	return true;
}

static void serve(struct notifier *n)
{
	static char room[65536];
	size_t len = 0;
	ssize_t got;

	while ((got = read(STDIN_FILENO, room + len, sizeof(room) - len)) > 0) {
		size_t at = 0;
		struct fuse_out_header out;

		len += (size_t)got;
		for (; len - at >= sizeof(out); at += out.len) {
			memcpy(&out, room + at, sizeof(out));
			if (out.len > len - at)
				break;
			if (out.len < sizeof(out) || !handle(n, room + at, out.len))
				return;
		}
		len -= at;
		memmove(room, room + at, len);
	}
}

int notifier_run(int argc, char *const *argv)
{
	static struct notifier n;
	pthread_t thread;

	prctl(PR_SET_NAME, NOTIFIER_NAME);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	if (argc != 2 || (!strcmp(argv[1], NOTIFIER_ENDS) &&
				 pthread_create(&thread, NULL, watch_main, &n) != 0))
		return 1;
	serve(&n);
	return 0;
}
