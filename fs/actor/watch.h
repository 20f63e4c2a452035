#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/proc.h"

/*
 * A cheap way to see that a process still runs the program that it ran: two reads that cost a
 * quarter of one of its stat. A descriptor of pagemap belongs to the address space that the process
 * had when it was opened, and tells whether that is in use; execve(2) and the end of the process
 * leave it. That only tells programs apart while no other process uses the same address space
 * (clone(2) with CLONE_VM, as vfork(2) has it), which is looked at first. What somebody else looks
 * at in /proc at the moment of the execve(2) stays in use for as long as that takes.
 */
struct watch {
	_Atomic unsigned checks;
	_Atomic int memory; /* pagemap; -1: not watched */
	int comm;
};

/* Makes a watch that watches nothing. */
void watch_init(struct watch *w);

/* Ends it. No other call may be under way. */
void watch_close(struct watch *w);

/* Returns whether the process certainly runs the program that it ran when it was watched, under the
 * name of `st`. Any thread. */
bool watch_holds(const struct watch *w, const struct proc_stat *st);

/*
 * Counts a check by other means, and returns whether it is time to watch the process: once, when it
 * has asked so often that it pays. Then the caller has an fd of watch_open() before it checks, so
 * that what it finds is about the address space of that fd, and gives it to watch_begin() or closes
 * it.
 */
bool watch_due(struct watch *w);

/* Opens the address space of thread `tid`, which waits for us. -1: may not be seen. */
int watch_open(pid_t tid);

/* Watches the process `st`, found to be the same, by the fd, which it takes over. A process that
 * may share its memory with its parent is not watched. */
void watch_begin(struct watch *w, int fd, const struct proc_stat *st);
