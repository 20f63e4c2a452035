#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Locks on files as proc(5) shows them, in /proc/locks and in the `lock:` lines of
 * /proc/PID/fdinfo/FD. Pure functions of text.
 */

/* Numbers are stored: thule.live_lock has the same. */
enum lock_kind { LOCK_POSIX, LOCK_OFD, LOCK_FLOCK, LOCK_LEASE };

struct file_lock {
	uint64_t ino;
	uint64_t first, last; /* bytes; last UINT64_MAX: to the end of the file */
	uint32_t major, minor;
	pid_t pid; /* of the holder or of who waits; -1: the lock is of an open file; 0: not known
		    */
	uint8_t kind; /* enum lock_kind */
	bool writes;
	bool waiting;
	uint8_t pad; /* no gaps: arrays of these are compared as bytes */
};

/* One line. False, with *out untouched, when it is no lock that this knows. */
bool file_lock_parse(const char *line, size_t len, struct file_lock *out);

/* Orders by all fields. For qsort(3). */
int file_lock_compare(const void *a, const void *b);
