#include "actor/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* After so many checks by reading stat. Two descriptors are opened, at the price of three of these.
 */
enum { WATCH_AFTER = 8 };

void watch_init(struct watch *w)
{
	atomic_init(&w->checks, 0);
	atomic_init(&w->memory, -1);
	w->comm = -1;
}

void watch_close(struct watch *w)
{
	int memory = atomic_load_explicit(&w->memory, memory_order_relaxed);

	if (memory < 0)
		return;
	close(memory);
	close(w->comm);
}

/*
 * Returns whether anybody uses the address space that pagemap was opened for. Linux looks at that
 * before it looks at the place that is asked for (fs/proc/task_mmu.c, pagemap_read), so that of a
 * place in the middle of an entry costs nothing else.
 */
static bool in_use(int memory)
{
	char byte;

	return pread(memory, &byte, 1, 1) < 0 && errno == EINVAL;
}

static bool same_name(int fd, const struct proc_stat *st)
{
	char comm[PROC_COMM_MAX];
	size_t len = strlen(st->comm);
	ssize_t n = pread(fd, comm, sizeof(comm), 0);

	return n == (ssize_t)len + 1 && !memcmp(comm, st->comm, len);
}

bool watch_holds(const struct watch *w, const struct proc_stat *st)
{
	int memory = atomic_load_explicit(&w->memory, memory_order_acquire);

	return memory >= 0 && in_use(memory) && same_name(w->comm, st);
}

bool watch_due(struct watch *w)
{
	return atomic_fetch_add_explicit(&w->checks, 1, memory_order_relaxed) + 1 == WATCH_AFTER;
}

int watch_open(pid_t tid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", tid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool shares_memory(const struct proc_stat *st)
{
	/* Above 0: they differ; below: cannot be told. */
	return st->ppid <= 0 || syscall(SYS_kcmp, st->pid, st->ppid, KCMP_VM, 0, 0) <= 0;
}

void watch_begin(struct watch *w, int fd, const struct proc_stat *st)
{
	char path[64];
	int comm = -1;

	if (!shares_memory(st) && in_use(fd)) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", st->pid, st->pid);
		comm = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (comm < 0 || !same_name(comm, st)) {
		if (comm >= 0)
			close(comm);
		close(fd);
		return;
	}
	w->comm = comm;
	atomic_store_explicit(&w->memory, fd, memory_order_release);
}
