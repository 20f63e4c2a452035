#include "actor/seek.h"

#include <errno.h>
#include <signal.h>

#include "base/ns.h"
#include "base/proc_read.h"

static enum process_seen look(pid_t pid, uint64_t start_time)
{
	struct proc_stat st;

	if (proc_read_stat(pid, &st))
		return st.start_time == start_time && !(st.flags & PROC_FLAG_EXITING)
			       ? PROCESS_THERE
			       : PROCESS_GONE;
	/* Where /proc hides other users' processes, kill(2) knows of them. */
	return kill(pid, 0) == 0 || errno != ESRCH ? PROCESS_THERE : PROCESS_GONE;
}

/* Returns whether a process has this number for itself, also where that cannot be told. */
static bool calls_itself(pid_t pid, pid_t own)
{
	pid_t found = own;

	proc_read_own_pid(pid, &found);
	return found == own;
}

struct search {
	const struct process_id *id;
	pid_t found;
};

static bool match(pid_t pid, void *arg)
{
	struct search *s = arg;
	struct proc_stat st;

	if (proc_read_stat(pid, &st) && st.start_time == s->id->start_time &&
		calls_itself(pid, s->id->pid))
		s->found = pid;
	return !s->found;
}

/* Sets *found to its pid in our namespace, if it is in that or in one below it, and else to 0.
 * False when nobody can say. */
static bool search(const struct process_id *id, pid_t *found)
{
	struct search s = {id, 0};

	if (!proc_each(match, &s))
		return false;
	*found = s.found;
	return true;
}

/* Returns whether a process that is not found is not on this host: nobody is outside, and nobody is
 * hidden. */
static bool sees_all(void)
{
	struct proc_stat init;

	return ns_sees_host() && proc_read_stat(1, &init);
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
