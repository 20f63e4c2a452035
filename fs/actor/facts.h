#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Facts about a process that are read from places that can block: /proc/PID/cmdline takes the lock
 * on the memory of the process, cgroup a global one, and user names can come from the network. A
 * thread of a process that unmaps a dirty shared mapping holds that memory lock until this daemon
 * has written the pages, so a thread that answers requests must not wait for it without a limit:
 * helper threads read, the caller waits for a while.
 */
enum fact {
	FACT_USER = 1,
	FACT_CGROUP = 2,
	FACT_KIN = 4,
	FACT_CMDLINE = 8,
	FACT_RUN = 16,
	FACT_EXE = 32,
};

/* The answers. A fact that was not asked for, or is not there (yet), is NULL. */
struct facts {
	unsigned int known; /* enum fact: what was asked and answered */
	char *username;     /* USER; NULL: none */
	char *cgroup;       /* CGROUP: escaped text */
	bool fixed_layout;  /* CGROUP: runs without address space randomisation */
	char *chain;        /* KIN: its ancestors (lineage.h) */
	char *kin_run;      /* KIN: value of RUN_VARIABLE of the nearest ancestor that has it */
	char *cmdline;      /* CMDLINE: escaped text */
	unsigned int exe;   /* EXE: enum actor_mark of its program (program.h) */
	bool exe_whole;     /* EXE: its name ends as that of a removed file does */
	char *run;          /* RUN: value of RUN_VARIABLE of its own */
};

struct facts_reader;
struct facts_job;

/* Returns a reader. Threads start when they are needed, and at most a few; so many ancestors are
 * remembered, with a descriptor each. NULL when out of memory. */
struct facts_reader *facts_reader_new(size_t ancestors);

/* Waits for the reads under way. Accepts NULL. */
void facts_reader_free(struct facts_reader *reader);

/*
 * Starts to read facts (`wanted`: enum fact) about the process of `dirfd`, an open /proc/PID of
 * which the reader keeps a duplicate; -1 if only USER is wanted. NULL when out of memory,
 * descriptors or threads.
 */
struct facts_job *facts_start(
	struct facts_reader *reader, int dirfd, uint32_t uid, unsigned int wanted);

/*
 * Waits for the facts and ends the job. False when some are missing after `ms` milliseconds, or
 * because memory ran out. *out has what there is; in any case release it with facts_release().
 */
bool facts_wait(struct facts_reader *reader, struct facts_job *job, int ms, struct facts *out);

void facts_release(struct facts *facts);

/* Fills KIN, of a process whose parent is ppid, where that can be done without blocking. */
bool facts_known_kin(struct facts_reader *reader, pid_t ppid, struct facts *out);
