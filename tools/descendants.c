#include "descendants.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

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

void descendants_kill(void)
{
	while (descendants_reap()) {
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
