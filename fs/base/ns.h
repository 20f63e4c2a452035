#pragma once

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

/* Those of the calling process; the pid namespace only where /proc shows it. */
struct ns ns_read(void);
