#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/show.h"
#include "command.h"
#include "db/source.h"
#include "run/atomic.h"
#include "run/descendants.h"
#include "run/keeper.h"
#include "run/mark.h"

enum { OPT_TAG, OPT_ATOMIC };

static const struct command_option options[] = {
	[OPT_TAG] = {0, "tag", "G", "the tag: text of up to 200 bytes"},
	[OPT_ATOMIC] = {0, "atomic", NULL, "undo all changes if COMMAND fails or is killed"},
	{0},
};

static void exec_keeper(const char *self, int fd, const struct arguments *args)
{
	size_t n = (size_t)args->operands;
	char **argv = calloc(n + 4, sizeof(*argv)), number[16];

	if (!argv)
		_exit(EXIT_FAILED);
	snprintf(number, sizeof(number), "%d", fd);
	argv[0] = (char[]){KEEPER_NAME};
	argv[1] = number;
	argv[2] = args->option[OPT_ATOMIC] ? (char[]){KEEPER_ATOMIC} : (char[]){KEEPER_PLAIN};
	memcpy(argv + 3, args->operand, n * sizeof(*argv));
	fcntl(fd, F_SETFD, 0);
	execv(self, argv);
	_exit(EXIT_FAILED);
}

/* Starts the keeper. Returns its pid, or -1; its reports come through *fd. */
static pid_t start_keeper(const struct arguments *args, int *fd, struct error *err)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int fds[2];
	pid_t pid;

	if (n < 0 || pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		error_sys(err, "cannot start a process");
		return -1;
	}
	self[n] = '\0';
	if (pid == 0)
		exec_keeper(self, fds[1], args);
	close(fds[1]);
	*fd = fds[0];
	return pid;
}

/* Signals of the terminal reach the command directly. */
static int watch_signals(void)
{
	sigset_t set;

	keeper_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void pass_signal(int signals, pid_t command)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != sizeof(info) || command <= 0)
		return;
	/*
	 * A terminal that closes tells only the leader of its session, which may be this process.
	 */
	if (info.ssi_code <= 0 || info.ssi_signo == SIGHUP)
		kill(command, (int)info.ssi_signo);
}

/* Waits for the keeper's last report; `what` is 0 when it died without one. */
static struct keeper_report await_end(int fd, int signals)
{
	struct keeper_report r, killed = {0, 0, false};
	pid_t command = 0;

	for (;;) {
		struct pollfd polls[] = {{fd, POLLIN, 0}, {signals, POLLIN, 0}};

		if (poll(polls, 2, -1) < 0)
			continue;
		/* The pid of the command comes first: a signal may be waiting for it already. */
		if (polls[0].revents) {
			if (read(fd, &r, sizeof(r)) != sizeof(r))
				return killed;
			if (r.what != KEEPER_STARTED && r.what != KEEPER_ENDING)
				return r;
			command = r.value;
		} else if (polls[1].revents && command) {
			pass_signal(signals, command);
		}
		if (!command)
			poll(polls, 1, -1);
	}
}

static int exit_code(const struct arguments *args, const struct keeper_report *r)
{
	if (r->what == KEEPER_FAILED)
		return EXIT_FAILED;
	if (r->what == KEEPER_CANNOT_EXEC) {
		show_line(
			stderr, "thule: cannot run %s: %s\n", args->operand[0], strerror(r->value));
		return r->value == ENOENT ? EXIT_NO_SUCH_COMMAND : EXIT_CANNOT_RUN;
	}
	return WIFSIGNALED(r->value) ? EXIT_SIGNAL + WTERMSIG(r->value) : WEXITSTATUS(r->value);
}

/*
 * Ends a run whose keeper was killed: an atomic one must not go on, and its processes are children
 * of this one now.
 */
static int without_keeper(const struct arguments *args)
{
	static const char what[] = "the process that keeps the run together was killed";
	struct error err = {0};
	struct atomic a;

	if (!args->option[OPT_ATOMIC]) {
		show_line(stderr, "thule: %s\n", what);
		return EXIT_FAILED;
	}
	descendants_kill();
	source_verify_servers();
	if (!atomic_find(&a, &err))
		return command_fail(&err);
	atomic_end(&a, EXIT_SIGNAL + SIGKILL, what);
	return EXIT_SIGNAL + SIGKILL;
}

static int run(const struct arguments *args)
{
	struct keeper_report last;
	struct error err = {0};
	pid_t keeper;
	int fd;

	if (!mark_run(args->option[OPT_TAG], args->option[OPT_ATOMIC], &err))
		return command_fail(&err);
	if (args->option[OPT_ATOMIC] && !descendants_adopt()) {
		error_sys(&err, "cannot keep the processes of the run together");
		return command_fail(&err);
	}
	keeper = start_keeper(args, &fd, &err);
	if (keeper < 0)
		return command_fail(&err);
	last = await_end(fd, watch_signals());
	close(fd);
	if (!last.stays)
		waitpid(keeper, NULL, 0);
	return last.what ? exit_code(args, &last) : without_keeper(args);
}

const struct command command_run = {
	.name = "run",
	.operands = "[--tag G] [--atomic] [--] COMMAND [ARGUMENT...]",
	.summary = "run a command and tag all its changes",
	.help = "Every change that COMMAND and its descendants make in a mount gets the tag,\n"
		"by which `thule log --tag` and `thule undo --tag` select; daemons that it\n"
		"leaves behind are included. Without --tag the tag is an id made for this\n"
		"run. The exit status is that of COMMAND, 128 + N when signal N ended it, 127\n"
		"when it does not exist, and 126 when it cannot be run.\n"
		"\n"
		"With --atomic, all changes of the run are undone when COMMAND fails, is\n"
		"killed, or the host goes down: at once, after its remaining processes were\n"
		"killed, or by the next mount. This covers one filesystem: that of THULE_DB,\n"
		"else the mount of the current directory, else the private one. An atomic run\n"
		"within a run is undone by itself.\n"
		"\n"
		"Changes that other services make on behalf of COMMAND (cron, systemd-run,\n"
		"docker run) do not get the tag.",
	.options = options,
	.operands_min = 1,
	.operands_max = INT_MAX,
	.stop_at_operand = true,
	.run = run,
};
