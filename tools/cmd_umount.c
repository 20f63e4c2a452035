#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arguments.h"
#include "base/show.h"
#include "command.h"
#include "daemon.h"
#include "mounts.h"

#define WAIT_DEFAULT "600"
#define LOOK_MS      100

enum { OPT_LAZY, OPT_FORCE, OPT_WAIT };

static const struct command_option options[] = {
	[OPT_LAZY] = {'l', "lazy", NULL, "detach now; the daemon ends with the last user"},
	[OPT_FORCE] = {'f', "force", NULL, "abort requests that hang (root)"},
	[OPT_WAIT] = {'w', "wait", "SECONDS",
		"how long to wait for the daemon to finish (" WAIT_DEFAULT ")"},
	{'n', NULL, NULL, "accepted for umount(8)"},
	{'r', NULL, NULL, "accepted for umount(8)"},
	{'v', NULL, NULL, "accepted for umount(8)"},
	{'t', NULL, "TYPE", "accepted for umount(8)"},
	{'N', NULL, "NAMESPACE", "accepted for umount(8)"},
	{0},
};

/* Users may not call umount(2); fusermount3 does it for them. Its own words go to stderr. */
static bool run_fusermount(
	const char *dir, int parent, const char *name, bool lazy, struct error *err)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (fchdir(parent) < 0)
			_exit(127);
		execlp("fusermount3", "fusermount3", lazy ? "-uz" : "-u", "--", name, NULL);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	return error_set(err, ERR_BUSY, "fusermount3 could not unmount %s", dir);
}

/*
 * The directory that the mount point is in, held by a descriptor: nobody can rename a mount point,
 * but the directories above it, so that its path leads to another mount. (A descriptor of the mount
 * itself would keep it busy.) -1 with *err set.
 */
static int hold_parent(const struct mount_point *m, const char **name, struct error *err)
{
	const char *slash = strrchr(m->dir, '/');
	char parent[PATH_MAX];
	int fd;

	snprintf(parent, sizeof(parent), "%.*s", slash == m->dir ? 1 : (int)(slash - m->dir),
		m->dir);
	*name = slash[1] ? slash + 1 : ".";
	fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		error_sys(err, "cannot open %s", parent);
		return -1;
	}
	if (mountinfo_id(fd, *name) == m->id || errno == ENOSYS)
		return fd;
	close(fd);
	error_set(
		err, ERR_BUSY, "%s is not the same mount any more: nothing was unmounted", m->dir);
	return -1;
}

static bool unmount(const struct mount_point *m, bool lazy, bool force, struct error *err)
{
	int flags = UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0) | (force ? MNT_FORCE : 0);
	char path[PATH_MAX + 32];
	const char *name;
	int parent = hold_parent(m, &name, err), error;
	bool ok;

	if (parent < 0)
		return false;
	if (geteuid() != 0) {
		ok = run_fusermount(m->dir, parent, name, lazy, err);
		close(parent);
		if (!ok)
			daemon_name_users(m, err);
		return ok;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", parent, name);
	ok = umount2(path, flags) == 0;
	error = errno;
	close(parent);
	errno = error;
	if (ok)
		return true;
	if (errno != EBUSY)
		return error_sys(err, "cannot unmount %s", m->dir);
	error_set(err, ERR_BUSY, "%s is in use", m->dir);
	daemon_name_users(m, err);
	return false;
}

struct search {
	const struct mount_point *wanted;
	bool seen;
};

static bool match(const struct mount_point *m, void *arg)
{
	struct search *s = arg;

	s->seen = mountinfo_same(m, s->wanted);
	return !s->seen;
}

static bool sees(pid_t pid, const struct mount_point *m)
{
	struct search s = {m, false};

	return mountinfo_visit(pid, match, &s, NULL) && s.seen;
}

/* Some process that has it mounted, 0 being this one; or -1. */
static pid_t find_seer(const struct mount_point *m)
{
	struct dirent *d;
	pid_t pid = -1;
	DIR *proc;

	if (sees(0, m))
		return 0;
	proc = opendir("/proc");
	while (proc && pid < 0 && (d = readdir(proc)))
		if (isdigit((unsigned char)d->d_name[0]) && sees((pid_t)atol(d->d_name), m))
			pid = (pid_t)atol(d->d_name);
	if (proc)
		closedir(proc);
	return pid;
}

/*
 * Also mounted at another directory, or in another mount namespace (a container, a service with a
 * /tmp of its own) that was made while it was mounted here; and so its daemon goes on. `shown`: the
 * daemon showed its connection before.
 */
static bool still_mounted(const struct mount_point *m, pid_t daemon, int pidfd, bool shown)
{
	struct pollfd end = {.fd = pidfd, .events = POLLIN};
	pid_t pid = -1;

	for (int ms = 0; ms <= MOUNTINFO_SETTLE_MS; ms += LOOK_MS) {
		if (shown && mountinfo_connection(daemon) != (long)m->device)
			return false;
		pid = find_seer(m);
		if (pid < 0 || poll(&end, 1, LOOK_MS) > 0)
			return false;
	}
	if (pid)
		show_line(stderr,
			"thule: unmounted here; process %ld has it in a mount namespace of its "
			"own, "
			"and so its daemon goes on\n",
			(long)pid);
	return true;
}

static int run(const struct arguments *args)
{
	bool lazy = args->option[OPT_LAZY], force = args->option[OPT_FORCE];
	const char *wait = args->option[OPT_WAIT] ? args->option[OPT_WAIT] : WAIT_DEFAULT;
	char journal[PATH_MAX] = "";
	struct ring_peek peek;
	int pidfd = -1;
	struct error err = {0};
	struct mount_point m;
	pid_t pid;
	bool ok, shown;

	if (!arguments_check_number("--wait", wait, &err) ||
		!mounts_find_root(args->operand[0], &m, &err))
		return command_fail(&err);
	/* Held from before the unmount, so that it cannot be anybody else's by then. */
	pid = lazy ? 0 : daemon_find(&m);
	if (pid) {
		pidfd = pidfd_open(pid, 0);
		daemon_journal(pid, journal, &peek);
	}
	shown = pid && mountinfo_connection(pid) == (long)m.device;
	ok = unmount(&m, lazy, force, &err);
	if (ok && pidfd >= 0 && !still_mounted(&m, pid, pidfd, shown))
		ok = daemon_wait(pidfd, atoi(wait), &err) && daemon_committed(pid, journal, &err);
	if (pidfd >= 0)
		close(pidfd);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_umount = {
	.name = "umount",
	.operands = "DIR",
	.summary = "unmount, and wait until everything is in the database",
	.options = options,
	.operands_min = 1,
	.operands_max = 1,
	.run = run,
};
