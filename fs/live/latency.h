#pragma once

#include <stdbool.h>

#include "base/trace.h"

/* What the trace of a mount has counted, with names for people. Any thread, without the lock. */

/* One line: an operation and a phase of it that has counted something. */
struct latency {
	/* A request as FUSE names it ("create"), "drain batch" and "drain flush" for the drain's
	 * transactions, a statement of a reader ("read_inode"). A constant. */
	const char *operation;
	enum trace_phase phase;
	const struct histogram *durations;
};

/* Calls fn for each of them, by operation. */
void latency_each(const struct trace *t, void (*fn)(void *arg, const struct latency *l), void *arg);
