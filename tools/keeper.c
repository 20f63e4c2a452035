#include "keeper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "atomic.h"
#include "base/show.h"
#include "command.h"

enum { REPORT_FD = STDERR_FILENO + 1 }; /* once it is detached */

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

/* Lets go of what the command was given: no pipe, file system or terminal stays in use for us,
 * except, if it is to be kept, stderr. */
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

/* Reaps those who are dead already. */
static bool has_children(void)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		;
	return pid == 0;
}

/* Kills one process if it is a child of ours. */
static void kill_child(const char *pid)
{
	char path[64], buf[1024];
	const char *p;
	FILE *f;
	size_t n;
	int ppid;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return;
	n = fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	buf[n] = '\0';
	p = strrchr(buf, ')');
	if (p && sscanf(p, ") %*c %d", &ppid) == 1 && ppid == getpid())
		kill(atoi(pid), SIGKILL);
}

/* Children of a dead child become ours: again, until there are none. */
static void kill_all(void)
{
	while (has_children()) {
		DIR *proc = opendir("/proc");
		struct dirent *entry;

		while (proc && (entry = readdir(proc)))
			if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name))
				kill_child(entry->d_name);
		if (proc)
			closedir(proc);
		wait(NULL);
	}
}

static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The command has ended: if it failed, so that nothing of an atomic run is left. */
static void end_atomic(const struct atomic *a, int status)
{
	struct error err;

	if (status) {
		show_line(stderr, "thule: the command failed (exit status %d)\n", status);
		kill_all();
	}
	if (!atomic_end(a, status, &err))
		show_line(stderr, "thule: %s\nthule: the next mount will undo it\n", err.text);
}

static int keep(pid_t command, const struct atomic *a)
{
	int status;
	pid_t pid;

	while ((pid = wait(&status)) > 0 || errno == EINTR) {
		if (pid != command)
			continue;
		if (a)
			end_atomic(a, exit_status(status));
		report(REPORT_FD, KEEPER_ENDED, status, has_children());
		close(REPORT_FD);
		close(STDERR_FILENO);
		setsid();
	}
	return EXIT_DONE;
}

static bool begin_atomic(struct atomic *a, const char *command)
{
	struct error err;

	if (atomic_find(a, &err) && atomic_begin(a, command, &err))
		return true;
	command_fail(&err);
	return false;
}

int keeper_main(int argc, char **argv)
{
	struct atomic atomic, *a = NULL;
	sigset_t all, mask;
	int fd, error = 0;
	pid_t command;

	if (argc < 4)
		return EXIT_USAGE;
	fd = atoi(argv[1]);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	/* What is sent to the whole group, by a terminal or the command, is not for us. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &mask);
	signal(SIGCHLD, SIG_DFL);
	prctl(PR_SET_NAME, "thule-run");
	if (!strcmp(argv[2], KEEPER_ATOMIC))
		a = &atomic;
	if (a && !begin_atomic(a, argv[3])) {
		report(fd, KEEPER_FAILED, 0, false);
		return EXIT_FAILED;
	}
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		error = errno;
	command = error ? -1 : start(argv + 3, &mask, &error);
	if (command < 0) {
		if (a)
			atomic_end(a, 0, NULL); /* it has done nothing */
		report(fd, KEEPER_CANNOT_EXEC, error, false);
		return EXIT_FAILED;
	}
	report(fd, KEEPER_STARTED, command, true);
	detach(fd, a != NULL);
	return keep(command, a);
}
