#include "replace.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/path.h"
#include "base/proc_read.h"
#include "daemon.h"
#include "keeper/name.h"
#include "waits.h"

#define WAIT_S  60
#define STEP_MS 20

/* What a link of /proc says of a file that has lost its name, as one that was replaced has. */
#define DELETED " (deleted)"

/* Finds the daemon of a mount and its keeper. */
static bool find(const struct mount_point *m, pid_t *daemon, pid_t *keeper, struct error *err)
{
	char comm[PROC_COMM_MAX];
	struct proc_stat st;

	*daemon = daemon_by_connection(m);
	if (!*daemon || !proc_read_stat(*daemon, &st))
		return error_set(err, ERR_NOT_FOUND,
			"the daemon of %s cannot be seen from here, or is being started: only root "
			"and who mounted it may replace it",
			m->dir);
	*keeper = st.ppid;
	if (!proc_read_comm(*keeper, comm) || strcmp(comm, KEEPER_COMM))
		return error_set(err, ERR_USAGE,
			"%s has no keeper, which could go on while the daemon is replaced: unmount "
			"it and mount it again, with -o keeper for the next time",
			m->dir);
	return true;
}

/* The path of the keeper's program, where a new one may be by now. */
static bool find_program(pid_t keeper, char *path, size_t size, struct error *err)
{
	char link[64], *end;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%ld/exe", (long)keeper);
	n = readlink(link, path, size - 1);
	if (n < 0)
		return error_sys(err, "cannot look at the keeper, process %ld", (long)keeper);
	path[n] = '\0';
	end = path + n - strlen(DELETED);
	if (end > path && !strcmp(end, DELETED))
		*end = '\0';
	return true;
}

/* Reads what the program says of its version, and with that tries whether it runs. */
static bool try_program(const char *path, char *version, size_t size, struct error *err)
{
	char command[PATH_MAX + 64];
	FILE *out = NULL;
	bool ok;

	if (!strchr(path, '\'') &&
		path_format(command, sizeof(command), NULL, "exec '%s' --version", path))
		out = popen(command, "re");
	ok = out && fgets(version, (int)size, out) && !strncmp(version, "thulefs ", 8);
	if (out && pclose(out) != 0)
		ok = false;
	if (!ok)
		return error_set(err, ERR_USAGE,
			"%s is no thulefs that runs here: nothing was changed; install it and try "
			"again",
			path);
	version[strcspn(version, "\n")] = '\0';
	return true;
}

static bool runs(pid_t pid, const char *path)
{
	struct stat program, installed;
	char link[64];

	snprintf(link, sizeof(link), "/proc/%ld/exe", (long)pid);
	return stat(link, &program) == 0 && stat(path, &installed) == 0 &&
	       program.st_dev == installed.st_dev && program.st_ino == installed.st_ino;
}

/* Waits for a daemon that is another one, and answers. */
static pid_t await_other(const struct mount_point *m, pid_t old)
{
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
	pid_t pid = 0;

	for (int ms = 0; !pid && ms < WAIT_S * 1000; ms += STEP_MS) {
		struct waits *w;

		nanosleep(&step, NULL);
		w = waits_ask(m, NULL);
		pid = w ? waits_pid(w) : 0;
		if (pid == old)
			pid = 0;
		waits_free(w);
	}
	return pid;
}

bool daemon_replace(const struct mount_point *m, char *version, size_t size, struct error *err)
{
	char program[PATH_MAX];
	pid_t old = 0, keeper = 0, pid;

	if (!find(m, &old, &keeper, err) || !find_program(keeper, program, sizeof(program), err) ||
		!try_program(program, version, size, err))
		return false;
	if (kill(keeper, KEEPER_REPLACE) < 0)
		return error_sys(err, "cannot ask the keeper, process %ld", (long)keeper);
	pid = await_other(m, old);
	if (!pid)
		return error_set(err, ERR_TIMEOUT,
			"the new daemon of %s does not answer after %d s: see the system log",
			m->dir, WAIT_S);
	return runs(pid, program) ||
	       error_set(err, ERR_SYSTEM,
		       "%s did not come up, and the program from before serves "
		       "%s again: see the system log",
		       program, m->dir);
}
