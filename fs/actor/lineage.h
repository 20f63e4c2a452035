#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * The ancestors of processes. The answers about each - is it still that process, which program does
 * it run, is it marked as part of a run (base/run.h) - are remembered, so that walking up costs a
 * few microseconds an ancestor. Any thread; reading the environment of an ancestor can block
 * (facts.h).
 */
struct lineage;

/* Returns one that remembers so many, with a descriptor each. NULL when out of memory. */
struct lineage *lineage_new(size_t capacity);
void lineage_free(struct lineage *lineage);

struct kin {
	char *chain; /* "comm[pid] <- comm[pid]", the parent first; "..." for those further up */
	char *run;   /* value of the nearest ancestor's RUN_VARIABLE; NULL: none has it */
};

/*
 * Reads the ancestors of the process of `dirfd`, an open /proc/PID. The process must live, and not
 * go on meanwhile, for this to be exact: one that is reparented while we look is looked at again.
 * False, with *out untouched, when out of memory; else free() both.
 */
bool lineage_read(struct lineage *lineage, int dirfd, struct kin *out);

/* Does the same for a process whose parent is `ppid`, but never blocks: false also when nothing is
 * remembered of one of the ancestors. */
bool lineage_known(struct lineage *lineage, pid_t ppid, struct kin *out);

/* Returns the value of RUN_VARIABLE in the environment of the process of `dirfd`, to free(); NULL
 * when it has none. */
char *lineage_own_run(int dirfd);
