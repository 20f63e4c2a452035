#include "cluster/program.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"
#include "base/rlimit.h"
#include "base/show.h"

#define PACKAGES "/usr/lib/postgresql"

/* The newest version of Debian's packages that is not older than 15. */
static bool find_newer(const char *name, char *path, size_t size)
{
	long best = 0;
	glob_t found;

	if (glob(PACKAGES "/*/bin", 0, NULL, &found) != 0)
		return false;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		long version = strtol(found.gl_pathv[i] + sizeof(PACKAGES), NULL, 10);
		char candidate[PATH_MAX];
		if (version < 15 || version <= best ||
			!path_format(candidate, sizeof(candidate), NULL, "%s/%s", found.gl_pathv[i],
				name) ||
			access(candidate, X_OK) != 0)
			continue;
		if (path_format(path, size, NULL, "%s", candidate))
			best = version;
	}
	globfree(&found);
	return best != 0;
}

static bool find_in_path(const char *name, char *path, size_t size)
{
	const char *dirs = getenv("PATH");

	while (dirs && *dirs) {
		size_t n = strcspn(dirs, ":");
		if (n && path_format(path, size, NULL, "%.*s/%s", (int)n, dirs, name) &&
			access(path, X_OK) == 0)
			return true;
		dirs += n + (dirs[n] == ':');
	}
	return false;
}

bool program_find(const char *name, const char *version, char *path, size_t size, struct error *err)
{
	if (!path_format(path, size, err, PACKAGES "/%s/bin/%s", version ? version : "15", name))
		return false;
	if (access(path, X_OK) == 0)
		return true;
	if (!version && find_newer(name, path, size))
		return true;
	if (find_in_path(name, path, size))
		return true;
	return error_set(err, ERR_NOT_FOUND,
		"PostgreSQL's program %s is not installed: install the package postgresql-%s", name,
		version ? version : "15");
}

void program_quote_tail(int fd, struct error *err)
{
	char text[600];
	char *start;
	struct stat st;
	size_t used;
	ssize_t n;

	if (!err || fstat(fd, &st) != 0)
		return;
	n = pread(fd, text, sizeof(text) - 1,
		st.st_size > (off_t)sizeof(text) - 1 ? st.st_size - (off_t)sizeof(text) + 1 : 0);
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	if (n <= 0)
		return;
	text[n] = '\0';
	start = st.st_size >= (off_t)sizeof(text) ? strchr(text, '\n') : NULL;
	for (char *p = text; *p; p++)
		if (*p == '\n' || *p == '\t' || *p == '\r')
			*p = *p == '\n' ? ';' : ' ';
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", start ? start + 1 : text);
}

/* The child's side: never returns. */
static void become_program(const char *const *argv, const struct account *account, int output)
{
	/*
	 * Memory that a batch of the drain used is for the next one: glibc would give rows of 128
	 * KiB, and the top of the heap, back to the kernel each time, and each page would be
	 * faulted in again (a sixth of the server's time for a stream of bytes).
	 */
	static const char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C",
		"MALLOC_TRIM_THRESHOLD_=16777216", "MALLOC_MMAP_THRESHOLD_=16777216", NULL};
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	rlimits_raise();
	setsid();
	umask(077);
	if (null < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 ||
		close_range(3, ~0U, 0) < 0 || chdir("/") != 0)
		_exit(127);
	if (!account_become(account)) {
		show_line(stderr, "cannot become user %s: %s\n", account->name, strerror(errno));
		_exit(127);
	}
	/*
	 * When this process is killed, nobody is left to quote the output; a change of user would
	 * clear the setting.
	 */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execve(argv[0], (char *const *)argv, (char *const *)environment);
	show_line(stderr, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Waits for the child. At the limit, kills it and the first process group of its session. */
static bool reap(pid_t pid, int limit, int *status)
{
	const struct timespec time = {.tv_sec = limit};
	int fd = pidfd_open(pid, 0);
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	int ready;

	do
		ready = ppoll(&wait, 1, &time, NULL);
	while (ready < 0 && errno == EINTR);
	if (ready == 0)
		kill(-pid, SIGKILL);
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	if (fd >= 0)
		close(fd);
	return ready != 0;
}

bool program_run(
	const char *const *argv, const struct account *account, int limit, struct error *err)
{
	/*
	 * A file and not a pipe: a process that keeps it open can neither block nor be waited for.
	 */
	int output = memfd_create("output", MFD_CLOEXEC);
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];
	int status = -1;
	bool ok;
	pid_t pid;

	if (output < 0)
		return error_sys(err, "cannot make a file in memory for the output of %s", name);
	pid = fork();
	if (pid == 0)
		become_program(argv, account, output);
	if (pid < 0) {
		error_sys(err, "cannot start %s", name);
		close(output);
		return false;
	}
	if (!reap(pid, limit, &status)) {
		ok = error_set(err, ERR_SYSTEM, "%s did not finish in %d seconds", name, limit);
	} else {
		ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
		if (!ok)
			error_set(err, ERR_SYSTEM, "%s failed", name);
	}
	if (!ok)
		program_quote_tail(output, err);
	close(output);
	return ok;
}
