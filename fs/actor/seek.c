#include "actor/seek.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "actor/actor.h"
#include "actor/facts.h"
#include "actor/proc.h"
#include "base/ns.h"

/* Of /proc/PID/status, where a list of groups stands before what is looked for. */
#define STATUS_MAX 16384

static bool read_stat(pid_t pid, struct proc_stat *st)
{
	char path[64], buf[1024];
	long n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	n = proc_read_at(AT_FDCWD, path, buf, sizeof(buf));
	return n > 0 && proc_parse_stat(buf, (size_t)n, st);
}

static enum process_seen look(pid_t pid, uint64_t start_time)
{
	struct proc_stat st;

	if (read_stat(pid, &st))
		return st.start_time == start_time && !(st.flags & PROC_FLAG_EXITING)
			       ? PROCESS_THERE
			       : PROCESS_GONE;
	/* Where /proc hides other users' processes, kill(2) knows of them. */
	return kill(pid, 0) == 0 || errno != ESRCH ? PROCESS_THERE : PROCESS_GONE;
}

/* Whether that is how a process calls itself, also where that cannot be told. */
static bool calls_itself(pid_t pid, pid_t own)
{
	char path[64], buf[STATUS_MAX];
	pid_t found = own;
	long n;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	n = proc_read_at(AT_FDCWD, path, buf, sizeof(buf));
	if (n > 0)
		proc_parse_own_pid(buf, (size_t)n, &found);
	return found == own;
}

/* *found: its pid in our namespace, if it is in that or in one below it, and else 0. False when
 * nobody can say. */
static bool search(const struct process_id *id, pid_t *found)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	struct proc_stat st;

	if (!proc)
		return false;
	while (!*found && (entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);
		if (pid > 0 && read_stat(pid, &st) && st.start_time == id->start_time &&
			calls_itself(pid, id->pid))
			*found = pid;
	}
	closedir(proc);
	return true;
}

/* Whether what is not found is not on this host: nobody is outside, and nobody is hidden. */
static bool sees_all(void)
{
	struct proc_stat init;

	return actor_sees_host() && read_stat(1, &init);
}

enum process_seen process_seek(const struct process_id *id, pid_t *here)
{
	if (!*here && id->pid_ns && id->pid_ns == ns_read().pid)
		*here = id->pid;
	if (!*here && !search(id, here))
		return PROCESS_THERE;
	if (*here)
		return look(*here, id->start_time);
	return sees_all() ? PROCESS_GONE : PROCESS_HIDDEN;
}
