#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A process of this boot as it knows itself, which may be in another pid namespace than we are. */
struct process_id {
	pid_t pid;
	uint64_t pid_ns;     /* struct ns */
	uint64_t start_time; /* clock ticks after boot, in our time namespace */
};

enum process_seen {
	PROCESS_THERE,
	PROCESS_GONE,
	PROCESS_HIDDEN, /* it may be anywhere that is not seen from here */
};

/*
 * Looks for the process. One that has ended and only its parent does not know yet is gone; one of
 * which nothing but its pid can be seen is there. *here is its pid in our namespace, by which it is
 * found from then on; 0 while it is not known.
 */
enum process_seen process_seek(const struct process_id *id, pid_t *here);
