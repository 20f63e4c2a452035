#include "run/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "db/source.h"
#include "run/atomic.h"
#include "run/descendants.h"

enum { REPORT_FD = STDERR_FILENO + 1 }; /* after detach() */

/* The signal from the kernel when `thule run` dies before its keeper. */
#define PARENT_GONE SIGRTMIN

void keeper_signals(sigset_t *set)
{
	static const int signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(set, signals[i]);
}

/* Sends a report. A reader that is gone needs none. */
static void report(int fd, int what, int value, bool stays)
{
	struct keeper_report r;

	memset(&r, 0, sizeof(r));
	r.what = what;
	r.value = value;
	r.stays = stays;

	if (write(fd, &r, sizeof(r)) < 0)
		return;
}

/*
 * Starts the command. Returns its pid, or -1 with *error, which arrives through a pipe that closes
 * when exec succeeds. An atomic command dies with its keeper, because nobody else would undo it.
 */
static pid_t start(char **command, const sigset_t *mask, bool atomic, int *error)
{
	pid_t self = getpid();
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		*error = errno;
		return -1;
	}
	if (pid == 0) {
		if (atomic && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != self))
			_exit(126);
		sigprocmask(SIG_SETMASK, mask, NULL);
		execvp(command[0], command);
		*error = errno;
		if (write(fds[1], error, sizeof(*error)) < 0)
			_exit(126);
		_exit(127);
	}
	close(fds[1]);
	if (read(fds[0], error, sizeof(*error)) == sizeof(*error)) {
		waitpid(pid, NULL, 0);
		pid = -1;
	}
	close(fds[0]);
	return pid;
}

/*
 * Lets go of all that the command was given: the keeper uses no pipe, file system or terminal,
 * except stderr where that is to be kept.
 */
static void detach(int fd, bool keep_stderr)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; null >= 0 && i < (keep_stderr ? STDERR_FILENO : STDERR_FILENO + 1); i++)
		dup2(null, i);
	if (fd != REPORT_FD)
		dup2(fd, REPORT_FD);
	close_range(REPORT_FD + 1, ~0U, 0);
	if (chdir("/") < 0)
		return;
}

static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Ends an atomic run. If the command failed, nothing of the run is left afterwards. */
static bool end_atomic(const struct atomic *a, int status)
{
	char what[64];

	if (!status)
		return atomic_end(a, 0, "the command succeeded");
	descendants_kill();
	if (WIFSIGNALED(status))
		snprintf(what, sizeof(what), "the command was ended by signal %d (SIG%s)",
			WTERMSIG(status), sigabbrev_np(WTERMSIG(status)));
	else
		snprintf(what, sizeof(what), "the command failed (exit status %d)",
			WEXITSTATUS(status));
	return atomic_end(a, exit_status(status), what);
}

/* Sends the last report, and leaves the session of the command. */
static void let_go(int what, int value)
{
	report(REPORT_FD, what, value, descendants_reap());
	close(REPORT_FD);
	close(STDERR_FILENO);
	setsid();
}

static void command_ended(const struct atomic *a, int status)
{
	/* From here on a signal to `thule run` has no receiver. */
	report(REPORT_FD, KEEPER_ENDING, 0, true);
	if (a && !end_atomic(a, status) && !status)
		let_go(KEEPER_FAILED, 0);
	else
		let_go(KEEPER_ENDED, status);
}

/*
 * Obeys a signal, all of which are blocked. A signal that somebody has sent to the keeper is for
 * the command, as one to `thule run` is; those of the terminal have reached the command.
 */
static void obey(const siginfo_t *signal, pid_t command, const struct atomic *a)
{
	/* Nobody waits for the run any more: it fails, as if its command had been killed. */
	if (signal->si_signo == PARENT_GONE && a && command)
		kill(command, SIGKILL);
	else if (signal->si_signo != PARENT_GONE && signal->si_code <= 0 && command)
		kill(command, signal->si_signo);
}

static int keep(pid_t command, const struct atomic *a)
{
	sigset_t set;
	siginfo_t signal;
	int status;
	pid_t pid;

	keeper_signals(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, PARENT_GONE);
	for (;;) {
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			if (pid != command)
				continue;
			command = 0;
			command_ended(a, status);
		}
		if (pid < 0 && errno == ECHILD)
			return EXIT_DONE;
		if (sigwaitinfo(&set, &signal) > 0 && signal.si_signo != SIGCHLD)
			obey(&signal, command, a);
	}
}

static bool begin_atomic(struct atomic *a, const char *command)
{
	struct error err;

	if (atomic_find(a, &err) && atomic_begin(a, command, &err))
		return true;
	command_fail(&err);
	return false;
}

/* Returns the signal that came before the command was started and ends programs, or 0. */
static int ended_before(int fd)
{
	static const int signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};
	struct pollfd reader = {.fd = fd};
	sigset_t pending;

	if (poll(&reader, 1, 0) > 0 && reader.revents & POLLERR)
		return SIGKILL;
	sigpending(&pending);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigismember(&pending, signals[i]))
			return signals[i];
	return 0;
}

int keeper_main(int argc, char **argv)
{
	struct atomic atomic, *a = NULL;
	int fd, error = 0, ended;
	bool verify;
	sigset_t all, mask;
	pid_t command;

	if (argc < 4)
		return EXIT_USAGE;
	fd = atoi(argv[1]);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	/* A signal to the whole group, by a terminal or the command, is not for the keeper. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &mask);
	prctl(PR_SET_NAME, "thule-run");
	if (!strcmp(argv[2], KEEPER_ATOMIC))
		a = &atomic;
	verify = source_verify_servers();
	if (a && (prctl(PR_SET_PDEATHSIG, PARENT_GONE) < 0 || !begin_atomic(a, argv[3]))) {
		report(fd, KEEPER_FAILED, 0, false);
		return EXIT_FAILED;
	}
	ended = a ? ended_before(fd) : 0;
	if (!ended && !descendants_adopt())
		error = errno;
	/* The setting is for connections of the keeper, not for those of the command. */
	if (verify)
		unsetenv("PGSSLMODE");
	command = error || ended ? -1 : start(argv + 3, &mask, a != NULL, &error);
	source_verify_servers();
	if (command < 0) {
		if (a)
			atomic_end(a, 0, "the command was not run");
		report(fd, ended ? KEEPER_ENDED : KEEPER_CANNOT_EXEC, ended ? ended : error, false);
		return EXIT_FAILED;
	}
	report(fd, KEEPER_STARTED, command, true);
	detach(fd, a != NULL);
	return keep(command, a);
}
