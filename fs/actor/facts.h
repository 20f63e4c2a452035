#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * What is asked about a process from places that can block: /proc/PID/cmdline takes the lock on the
 * memory of the process, cgroup a global one, and user names can come from the network. A thread of
 * a process that unmaps a dirty shared mapping holds that memory lock until this daemon has written
 * the pages, so whoever answers requests must not wait for it without a limit: helper threads read,
 * the caller waits for a while.
 */
struct facts {
	char *cmdline, *cgroup; /* escaped text */
	char *username;         /* NULL: none */
	bool fixed_layout;      /* runs without address space randomisation */
};

struct facts_reader;
struct facts_job;

/* NULL when out of memory. Threads start when they are needed, and at most a few. */
struct facts_reader *facts_reader_new(void);

/* Waits for the reads under way. Accepts NULL. */
void facts_reader_free(struct facts_reader *reader);

/* Starts to read about the process of `dirfd`, an open /proc/PID of which the reader keeps a
 * duplicate. NULL when out of memory, descriptors or threads. */
struct facts_job *facts_start(struct facts_reader *reader, int dirfd, uint32_t uid);

/*
 * Waits for the result and ends the job. False, with *out untouched, when there is none in `ms`
 * milliseconds or memory ran out. On success release *out with facts_release().
 */
bool facts_wait(struct facts_reader *reader, struct facts_job *job, int ms, struct facts *out);

void facts_release(struct facts *facts);

/* Reads a small file of proc(5) under dirfd. The number of bytes, or -1 with errno. */
long proc_read_at(int dirfd, const char *name, char *buf, unsigned long size);
