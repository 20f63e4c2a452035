#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * The namespaces that pids and times since boot are counted in, by their inode numbers, which mean
 * something on this host until it boots again: see namespaces(7). 0: not known, or the kernel has
 * none of the kind.
 */
struct ns {
	uint64_t pid;
	uint64_t time;
};

/* Returns those of the calling process; the pid namespace only where /proc shows it. */
struct ns ns_read(void);

/* Returns whether this is the host's pid namespace, from which every process has a pid. */
bool ns_sees_host(void);
