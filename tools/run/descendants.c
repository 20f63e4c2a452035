#include "run/descendants.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/proc_read.h"

bool descendants_adopt(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}

bool descendants_reap(void)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		;
	return pid == 0;
}

static bool kill_child(pid_t pid, void *arg)
{
	struct proc_stat st;

	if (proc_read_stat(pid, &st) && st.ppid == getpid())
		kill(pid, SIGKILL);
	return true;
}

void descendants_kill(void)
{
	while (descendants_reap()) {
		proc_each(kill_child, NULL);
		wait(NULL);
	}
}
