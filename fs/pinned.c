#include "pinned.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct search {
	struct mount_point wanted, *found;
	bool seen;
};

static bool match(const struct mount_point *m, void *arg)
{
	struct search *s = arg;

	s->seen = mountinfo_same(m, &s->wanted);
	if (s->seen)
		*s->found = *m;
	return !s->seen;
}

static void read_comm(pid_t pid, char comm[static 64])
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/comm", (long)pid);
	f = fopen(path, "re");
	if (!f || !fgets(comm, 64, f))
		*comm = '\0';
	comm[strcspn(comm, "\n")] = '\0';
	if (f)
		fclose(f);
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
	struct search s = {.found = &p->m};
	DIR *proc = opendir("/proc");
	struct dirent *d;

	s.wanted.ours = true;
	s.wanted.device = connection;
	snprintf(s.wanted.source, sizeof(s.wanted.source), "%s", source);
	while (proc && !s.seen && (d = readdir(proc))) {
		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		p->pid = (pid_t)atol(d->d_name);
		if (!mountinfo_visit(p->pid, match, &s, NULL))
			s.seen = false;
	}
	if (proc)
		closedir(proc);
	if (!s.seen)
		return false;
	read_comm(p->pid, p->comm);
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
