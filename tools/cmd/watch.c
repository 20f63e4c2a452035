#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uthash.h>

#include "base/path.h"
#include "base/show.h"
#include "command.h"
#include "db/source.h"
#include "follow.h"
#include "run/mark.h"
#include "sync.h"
#include "target.h"

enum { OPT_NOW, OPT_ONCE };

static const struct command_option options[] = {
	[OPT_NOW] = {0, "now", NULL, "run COMMAND at the beginning, too"},
	[OPT_ONCE] = {0, "once", NULL, "end after COMMAND has run, with its exit status"},
	{0},
};

/* COMMAND starts once nothing has changed for so long, or some time after the first change. */
#define QUIET_MS  100
#define LATEST_MS 1000

/* What COMMAND is told at most, in bytes; the kernel takes no variable beyond 128 KiB. */
#define PATHS_MAX (64 << 10)

/* A path that has changed, as COMMAND is told it. */
struct changed {
	UT_hash_handle hh;
	char path[];
};

struct watch {
	const struct target *target;
	char *const *command;
	bool now, once, untagged;
	bool verifies;            /* PGSSLMODE is ours, and not for COMMAND */
	char tag[RUN_ID_LEN + 1]; /* of what COMMAND changes */
	struct changed *changed;
	char since[32]; /* the first change that COMMAND has not been told of: op:N, or "" */
	long long first_ms, last_ms; /* when changes were seen */
	pid_t pid;                   /* of COMMAND, or 0 */
	int fd;                      /* of its end */
	bool passed;                 /* its changes are to be passed over */
	int status;                  /* of wait(2), once it has ended */
};

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static int digit(char c)
{
	return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

/* Makes bytes of a path as SQL shows it. A newline stays an escape, since paths are told by line.
 */
static void unescape(char *path)
{
	char *to = path;

	while (*path) {
		if (path[0] == '\\' && strncmp(path, "\\x0a", 4) != 0) {
			*to++ = (char)(digit(path[2]) << 4 | digit(path[3]));
			path += 4;
		} else {
			*to++ = *path++;
		}
	}
	*to = '\0';
}

/* Notes a path that has changed, as it is in the mount; paths beside the watched one are none. */
static void note(struct watch *w, const char *shown)
{
	const struct mount_point *m = &w->target->mount;
	size_t root = m->whole ? 0 : strlen(m->root);
	char path[PATH_MAX], full[2 * PATH_MAX];
	struct changed *c;

	if (!path_format(path, sizeof(path), NULL, "%s", shown))
		return;
	unescape(path);
	if (!path_in(path, strcmp(w->target->path, "/") ? w->target->path : ""))
		return;
	snprintf(full, sizeof(full), "%s%s", strcmp(m->dir, "/") ? m->dir : "", path + root);
	HASH_FIND_STR(w->changed, full, c);
	if (c || !(c = malloc(sizeof(*c) + strlen(full) + 1)))
		return;
	strcpy(c->path, full);
	HASH_ADD_STR(w->changed, path, c);
}

static void begin(void *arg, bool untagged)
{
	((struct watch *)arg)->untagged = untagged;
}

static void take(void *arg, const struct follow_change *change)
{
	struct watch *w = arg;

	if (!strcmp(change->tag, w->tag))
		return;
	w->last_ms = now_ms();
	if (!*w->since) {
		w->first_ms = w->last_ms;
		snprintf(w->since, sizeof(w->since), "op:%s", change->op);
	}
	note(w, change->path);
	note(w, change->new_path);
}

static void forget(struct watch *w)
{
	struct changed *c, *next;

	HASH_ITER (hh, w->changed, c, next) {
		HASH_DEL(w->changed, c);
		free(c);
	}
	*w->since = '\0';
}

/* Puts what has changed into the environment. */
static bool tell(const struct watch *w, struct error *err)
{
	char *paths = malloc(PATHS_MAX), count[16];
	struct changed *c, *next;
	size_t n = 0;
	bool ok;

	if (!paths)
		return error_set(err, ERR_SYSTEM, "out of memory");
	*paths = '\0';
	HASH_ITER (hh, w->changed, c, next) {
		size_t len = strlen(c->path);
		if (n + len + 2 > PATHS_MAX)
			break;
		n += (size_t)sprintf(paths + n, "%s%s", n ? "\n" : "", c->path);
	}
	snprintf(count, sizeof(count), "%u", HASH_COUNT(w->changed));
	ok = setenv("THULE_CHANGED", paths, 1) == 0 &&
	     setenv("THULE_CHANGED_COUNT", count, 1) == 0 &&
	     setenv("THULE_CHANGED_SINCE", w->since, 1) == 0;
	free(paths);
	return ok || error_sys(err, "cannot set the environment");
}

/* Runs in the child. Says by the descriptor why it could not. */
static void exec_command(const struct watch *w, pid_t parent, int fd)
{
	/* COMMAND ends with this program, whatever ends that. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (w->verifies)
		unsetenv("PGSSLMODE");
	if (getppid() == parent)
		execvp(w->command[0], w->command);
	if (write(fd, &errno, sizeof(errno)) < 0)
		_exit(EXIT_FAILED);
	_exit(EXIT_NO_SUCH_COMMAND);
}

static bool start(struct watch *w, struct error *err)
{
	pid_t self = getpid();
	int fds[2], problem = 0;

	if (!tell(w, err))
		return false;
	forget(w);
	w->now = false;
	if (pipe2(fds, O_CLOEXEC) < 0 || (w->pid = fork()) < 0)
		return error_sys(err, "cannot start a process");
	if (w->pid == 0)
		exec_command(w, self, fds[1]);
	close(fds[1]);
	/* Nothing comes when the program begins, which closes the pipe. */
	if (read(fds[0], &problem, sizeof(problem)) < 0)
		problem = errno;
	close(fds[0]);
	w->fd = pidfd_open(w->pid, 0);
	if (!problem && w->fd >= 0)
		return true;
	kill(w->pid, SIGTERM);
	waitpid(w->pid, NULL, 0);
	return error_set(err, ERR_NOT_FOUND, "cannot run %s: %s", w->command[0],
		strerror(problem ? problem : errno));
}

/* Looks whether COMMAND has ended. Its changes, which have its tag, may be committed later. */
static void reap(struct watch *w)
{
	if (!w->pid || waitpid(w->pid, &w->status, WNOHANG) <= 0)
		return;
	close(w->fd);
	w->pid = 0;
	w->passed = w->untagged;
}

static enum follow_next turn(void *arg, struct pollfd *wake, int *wait_ms, struct error *err)
{
	struct watch *w = arg;
	bool had = w->pid != 0;
	long long now = now_ms(), start_ms;

	reap(w);
	if (w->once && had && !w->pid)
		return FOLLOW_END;
	/* Where tags are not recorded, what COMMAND did is told from others by nothing but time. */
	if (w->passed && sync_directory(w->target->mount.dir, NULL)) {
		w->passed = false;
		forget(w);
		return FOLLOW_SKIP;
	}
	start_ms = w->last_ms + QUIET_MS < w->first_ms + LATEST_MS ? w->last_ms + QUIET_MS
								   : w->first_ms + LATEST_MS;
	if (!w->pid && (w->now || (*w->since && start_ms <= now)) && !start(w, err))
		return FOLLOW_FAILED;
	if (w->pid)
		*wake = (struct pollfd){.fd = w->fd, .events = POLLIN};
	else if (*w->since)
		*wait_ms = (int)(start_ms - now);
	return FOLLOW_ON;
}

static int run(const struct arguments *args)
{
	static const struct follow_use use = {begin, take, turn};
	struct watch w = {.command = args->operand + 1,
		.now = args->option[OPT_NOW],
		.once = args->option[OPT_ONCE]};
	struct follow f = {.use = &use, .arg = &w};
	struct error err = {0};
	struct target t;
	bool ok;

	if (!target_find_mount(args->operand[0], &t, &err) || !mark_new_id(w.tag, &err) ||
		!mark_run(w.tag, true, &err))
		return command_fail(&err);
	w.target = &t;
	w.verifies = source_verify_servers();
	ok = follow(&t, &f, &err);
	forget(&w);
	if (!ok)
		return command_fail(&err);
	return WIFSIGNALED(w.status) ? EXIT_SIGNAL + WTERMSIG(w.status) : WEXITSTATUS(w.status);
}

const struct command command_watch = {
	.name = "watch",
	.operands = "PATH [--now] [--once] -- COMMAND [ARGUMENT...]",
	.summary = "run a command whenever something at or below a path has changed",
	.help = "Changes by anybody count, on whatever host, but for those of COMMAND and what\n"
		"it starts. COMMAND runs once nothing has changed for a tenth of a second, or a\n"
		"second after the first change; what changes while it runs has it run again\n"
		"when it has ended. Ctrl-C ends both.\n"
		"\n"
		"COMMAND finds in its environment\n"
		"\n"
		"  THULE_CHANGED        the paths that have changed, one a line, of 64 KiB at "
		"most;\n"
		"                       a newline in a name is \\x0a\n"
		"  THULE_CHANGED_COUNT  how many there are\n"
		"  THULE_CHANGED_SINCE  the first change, op:N, for `thule log --since`\n"
		"\n"
		"For example:\n"
		"\n"
		"  thule watch src -- make -C src\n"
		"  thule watch site -- sh -c 'thule log --since \"$THULE_CHANGED_SINCE\" site'",
	.options = options,
	.operands_min = 2,
	.operands_max = INT_MAX,
	.command_at = 1,
	.run = run,
};
