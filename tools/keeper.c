#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"

/* Nobody may be left to hear it: then there is nobody to tell. */
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

/* The command, or a report of why not through a pipe that closes when it runs. */
static pid_t start(char **command, const sigset_t *mask, int *error)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		*error = errno;
		return -1;
	}
	if (pid == 0) {
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

/* Lets go of what the command was given: no pipe, file system or terminal stays in use for us. */
static void detach(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; null >= 0 && i <= STDERR_FILENO; i++)
		dup2(null, i);
	if (fd != STDERR_FILENO + 1)
		dup2(fd, STDERR_FILENO + 1);
	close_range(STDERR_FILENO + 2, ~0U, 0);
	if (chdir("/") < 0)
		return;
}

/* Reaps those who are dead already. */
static bool has_children(void)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		;
	return pid == 0;
}

int keeper_main(int argc, char **argv)
{
	int fd, status, error = 0;
	sigset_t all, mask;
	pid_t command, pid;

	if (argc < 3)
		return EXIT_USAGE;
	fd = atoi(argv[1]);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	/* What is sent to the whole group, by a terminal or the command, is not for us. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &mask);
	signal(SIGCHLD, SIG_DFL);
	prctl(PR_SET_NAME, "thule-run");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		error = errno;
	command = error ? -1 : start(argv + 2, &mask, &error);
	if (command < 0) {
		report(fd, KEEPER_CANNOT_EXEC, error, false);
		return EXIT_FAILED;
	}
	report(fd, KEEPER_STARTED, command, true);
	detach(fd);
	fd = STDERR_FILENO + 1;
	while ((pid = wait(&status)) > 0 || errno == EINTR) {
		if (pid != command)
			continue;
		report(fd, KEEPER_ENDED, status, has_children());
		close(fd);
		setsid();
	}
	return EXIT_DONE;
}
