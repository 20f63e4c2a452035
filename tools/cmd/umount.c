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
#include "base/proc_read.h"
#include "base/show.h"
#include "command.h"
#include "daemon.h"
#include "mounts.h"
#include "target.h"

#define WAIT_DEFAULT "600"
#define LOOK_MS      100

enum { OPT_LAZY, OPT_FORCE, OPT_WAIT };

static const struct command_option options[] = {
	[OPT_LAZY] = {'l', "lazy", NULL,
		"detach now; the daemon ends when nobody uses the mount any more"},
	[OPT_FORCE] = {'f', "force", NULL, "abort requests that hang (root only)"},
	[OPT_WAIT] = {'w', "wait", "SECONDS",
		"wait at most so long for the daemon to end (" WAIT_DEFAULT ")"},
	{'n', NULL, NULL, "accepted for umount(8)"},
	{'r', NULL, NULL, "accepted for umount(8)"},
	{'v', NULL, NULL, "accepted for umount(8)"},
	{'t', NULL, "TYPE", "accepted for umount(8)"},
	{'N', NULL, "NAMESPACE", "accepted for umount(8)"},
	{0},
};

/* Unmounts through fusermount3, since users may not call umount(2). Its own words go to stderr. */
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
 * Opens the directory that the mount point is in. Nobody can rename a mount point, but the
 * directories above it, so that its path leads to another mount. (A descriptor of the mount itself
 * would keep it busy.) Returns -1 with *err set.
 */
static int open_parent(const struct mount_point *m, const char **name, struct error *err)
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
	error_set(err, ERR_BUSY,
		"another mount has taken the place of the one on %s: nothing was "
		"unmounted; try again",
		m->dir);
	return -1;
}

struct inside {
	const struct mount_point *outer;
	char dir[PATH_MAX]; /* of a mount in it; "": none seen */
};

static bool find_inside(const struct mount_point *m, void *arg)
{
	struct inside *s = arg;

	if (m->parent == s->outer->id)
		snprintf(s->dir, sizeof(s->dir), "%s", m->dir);
	return !*s->dir;
}

/* Adds to *err what keeps a mount: another one in it, or else processes. */
static void name_what_keeps(const struct mount_point *m, struct error *err)
{
	struct inside s = {.outer = m};
	size_t len = strlen(err->text);

	if (mountinfo_visit(0, find_inside, &s, NULL) && *s.dir)
		snprintf(err->text + len, sizeof(err->text) - len, "; %s is mounted in it", s.dir);
	else
		daemon_name_users(m, err);
}

static bool unmount(const struct mount_point *m, bool lazy, bool force, struct error *err)
{
	int flags = UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0) | (force ? MNT_FORCE : 0);
	char path[PATH_MAX + 32];
	const char *name;
	int parent = open_parent(m, &name, err), error;
	bool ok;

	if (parent < 0)
		return false;
	if (geteuid() != 0) {
		ok = run_fusermount(m->dir, parent, name, lazy, err);
		close(parent);
		if (!ok && !lazy)
			name_what_keeps(m, err);
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
	error_set(err, ERR_BUSY, "%s is in use: end its users, or detach it with --lazy", m->dir);
	name_what_keeps(m, err);
	return false;
}

struct search {
	const struct mount_point *wanted;
	bool seen;
	pid_t pid; /* of a process that sees it; -1: none yet */
};

static bool match(const struct mount_point *m, void *arg)
{
	struct search *s = arg;

	s->seen = mountinfo_same(m, s->wanted);
	return !s->seen;
}

static bool sees(pid_t pid, const struct mount_point *m)
{
	struct search s = {.wanted = m};

	return mountinfo_visit(pid, match, &s, NULL) && s.seen;
}

static bool look_in(pid_t pid, void *arg)
{
	struct search *s = arg;

	if (sees(pid, s->wanted))
		s->pid = pid;
	return s->pid < 0;
}

/* Returns a process that has it mounted, 0 being this one; or -1. */
static pid_t find_seer(const struct mount_point *m)
{
	struct search s = {.wanted = m, .pid = -1};

	if (sees(0, m))
		return 0;
	proc_each(look_in, &s);
	return s.pid;
}

/*
 * Says whether the filesystem is still mounted, so that its daemon goes on: at another directory,
 * or in another mount namespace (a container, a service with a private /tmp) that was made while it
 * was mounted here. `shown`: the daemon showed its connection before.
 */
static bool still_mounted(const struct mount_point *m, pid_t daemon, int pidfd, bool shown)
{
	struct pollfd end = {.fd = pidfd, .events = POLLIN};
	pid_t pid = -1;

	for (int ms = 0; ms <= MOUNTINFO_STALE_MS; ms += LOOK_MS) {
		if (shown && mountinfo_connection(daemon) != (long)m->device)
			return false;
		pid = find_seer(m);
		if (pid < 0 || poll(&end, 1, LOOK_MS) > 0)
			return false;
	}
	if (pid)
		show_line(stderr,
			"thule: unmounted here; process %ld has it in a mount namespace of its "
			"own, and so its daemon goes on\n",
			(long)pid);
	return true;
}

/*
 * Returns the process that serves a mount, or 0. Blocks at most as long as connecting to its
 * database does.
 */
static pid_t find_daemon(const struct mount_point *m)
{
	struct target *t = calloc(1, sizeof(*t));
	pid_t pid = daemon_by_connection(m);
	PGconn *conn = NULL;

	if (!pid && t && target_of_mount(m, t, NULL))
		conn = target_connect(t, NULL);
	if (conn)
		pid = daemon_by_row(conn, m);
	PQfinish(conn);
	free(t);
	return pid;
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
	/* Opened before the unmount, so that the pid cannot belong to another process by then. */
	pid = lazy ? 0 : find_daemon(&m);
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
	.summary = "unmount, and wait until all changes are in the database",
	.help = "Where the database does not answer, nothing is lost: the journal keeps the\n"
		"changes, and the next mount on this host replays them.",
	.options = options,
	.operands_min = 1,
	.operands_max = 1,
	.run = run,
};
