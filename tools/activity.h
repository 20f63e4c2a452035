#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "answer.h"
#include "base/trace.h"

/*
 * What a mount does: operations with their phases, and processes, as its daemon has counted them
 * since the mount or, as the difference of two answers, in an interval. All memory is the
 * activity's.
 */
struct activity_operation {
	const char *name;
	bool own;                              /* work of the daemon itself, not a request */
	uint64_t part[TRACE_PARTS];            /* ns */
	struct histogram *phase[TRACE_PHASES]; /* NULL: it had none; that of TRACE_TOTAL is there */
};

struct activity_process {
	long pid, uid;
	const char *program;
	uint64_t part[TRACE_PARTS]; /* ns; of TRACE_PART_QUEUE and _STATE none is known */
	struct histogram total;
};

struct activity {
	double seconds; /* how long it lasted */
	bool whole;     /* the operations are told, and everybody's processes */
	struct activity_operation *operation;
	size_t operations;
	struct activity_process *process; /* longest total first, as the operations */
	size_t processes;
};

/* Reads an answer. `before` is an earlier one of the same daemon, or NULL: since the mount. What
 * was idle is left out. Neither answer may be freed before activity_free(). */
struct activity *activity_read(const struct answer *before, const struct answer *now);
void activity_free(struct activity *a);

/* Returns milliseconds per counted request of a part, 0 when there were none. */
double activity_mean_ms(uint64_t ns, const struct histogram *total);
