#include "backup/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void ending_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

void child_hold_signals(void)
{
	sigset_t set;

	ending_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

bool child_go_on(struct error *err)
{
	sigset_t pending;

	sigpending(&pending);
	if (!sigismember(&pending, SIGINT) && !sigismember(&pending, SIGTERM) &&
		!sigismember(&pending, SIGHUP))
		return true;
	return error_set(err, ERR_BUSY, "interrupted: what was begun was taken back");
}

bool child_run(const char *const *argv, struct error *err)
{
	const char *slash = strrchr(argv[0], '/');
	pid_t parent = getpid(), pid = fork();
	sigset_t none;
	int status;

	if (pid < 0)
		return error_sys(err, "cannot start %s", argv[0]);
	if (pid == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() == parent)
			execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!child_go_on(err))
		return false;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	return error_set(err, ERR_SYSTEM, "%s failed%s", slash ? slash + 1 : argv[0],
		WIFSIGNALED(status) ? ": it was killed" : "");
}
