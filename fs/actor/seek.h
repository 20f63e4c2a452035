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
 * Whether the process is there; it is not when it has ended and only its parent does not know yet.
 * One that cannot be looked at, but for its pid, is there. *here: its pid in our namespace, by
 * which it is found from then on; 0 while it is not known.
 */
enum process_seen process_seek(const struct process_id *id, pid_t *here);
