#include "mount/pinned.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct search {
	struct mount_point wanted;
	struct pinned *found;
	bool seen;
};

static bool match(const struct mount_point *m, void *arg)
{
	struct search *s = arg;

	s->seen = mountinfo_same(m, &s->wanted);
	if (s->seen)
		s->found->m = *m;
	return !s->seen;
}

static bool look_in(pid_t pid, void *arg)
{
	struct search *s = arg;

	s->found->pid = pid;
	if (!mountinfo_visit(pid, match, s, NULL))
		s->seen = false;
	return !s->seen;
}

static unsigned long namespace_of(pid_t pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%ld/ns/mnt", (long)pid);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}

bool pinned_find(unsigned int connection, const char *source, struct pinned *p)
{
	struct search s = {.found = p};

	s.wanted.ours = true;
	s.wanted.device = connection;
	snprintf(s.wanted.source, sizeof(s.wanted.source), "%s", source);
	if (!proc_each(look_in, &s) || !s.seen)
		return false;
	proc_read_comm(p->pid, p->comm);
	p->namespace = namespace_of(p->pid);
	return true;
}

void pinned_describe(const struct pinned *p, char *text, size_t size)
{
	snprintf(text, size,
		"the filesystem is not mounted here any more, but process %ld (%s) still has it "
		"mounted on %.1000s, in mount namespace %lu: end that process, or unmount it there "
		"(nsenter -t %ld -m umount %.1000s)",
		(long)p->pid, p->comm, p->m.dir, p->namespace, (long)p->pid, p->m.dir);
}
