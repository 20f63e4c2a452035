#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/histogram.h"
#include "base/proc.h"

/*
 * Where time goes: of each operation, how long its requests took in all and in each phase of their
 * life, as histograms since the mount; and the same, in short, of each process that asks. Always
 * on: a request costs three readings of the clock and some additions.
 *
 * Who handles something keeps a span, which is in one phase at a time, and ends it: then each phase
 * that it was in counts once, with all the time that it was in it. So the phases of an operation
 * add up to its total.
 */
struct trace;

/* Rows: what is timed. Up to TRACE_OPCODES the kernel's requests by their opcode. */
#define TRACE_OPCODES 64
enum trace_row {
	TRACE_OTHER = 0,             /* a request with an opcode beyond */
	TRACE_BATCH = TRACE_OPCODES, /* a transaction of the drain that is committed */
	TRACE_BATCH_FLUSHED,         /* one that is flushed to the server's disk, too */
	TRACE_STATEMENT,             /* and those after it: a question of a reader, by statement */
	TRACE_ROWS = TRACE_STATEMENT + 190,
};

enum trace_phase {
	TRACE_TOTAL, /* from its reading to its reply; no phase of a span */
	TRACE_QUEUE, /* it is ready, and no thread has taken it */
	TRACE_LOCK,  /* a thread waits for the lock of the filesystem */
	TRACE_STATE, /* a thread runs the operation */
	TRACE_REPLY, /* the answer is being written */
	/* What a request waits for, as enum request_wait has it. */
	TRACE_INODE,
	TRACE_NAME,
	TRACE_DIRECTORY,
	TRACE_XATTRS,
	TRACE_LAYOUT,
	TRACE_DATA,
	TRACE_DISK,
	TRACE_PAST,
	TRACE_ROOM,
	TRACE_COMMIT,
	TRACE_FLUSH,
	TRACE_PERFORMED,
	TRACE_FILE_LOCK,
	/* Of the daemon's own work. */
	TRACE_GATHER, /* records are read from the ring */
	TRACE_ENCODE, /* rows are made of them */
	TRACE_SERVER, /* sent, and the server executes it and, as its answers come together, commits
		       */
	TRACE_END,    /* the answer to the commit, after those to the rows */
	TRACE_SETTLE, /* the state lets go of what is committed, or takes an answer */
	TRACE_PHASES,
};

/* What phases have in common. */
enum trace_part {
	TRACE_PART_TOTAL,
	TRACE_PART_QUEUE,
	TRACE_PART_STATE, /* work of the daemon, and waiting for its lock */
	TRACE_PART_JOURNAL,
	TRACE_PART_DATABASE,
	TRACE_PART_REPLY,
	TRACE_PARTS,
};

/* Constants in lower case, such as "flush" and "journal". */
const char *trace_phase_name(enum trace_phase phase);
const char *trace_part_name(enum trace_part part);
enum trace_part trace_part_of(enum trace_phase phase);

/* What one thread times. All zero: nothing. */
struct trace_span {
	int64_t begun, entered; /* clock_mono_ns(); begun 0: nothing is timed */
	uint32_t used;          /* bits of phases it was in */
	uint16_t row;           /* enum trace_row, or an opcode */
	uint16_t phase;
	int32_t pid; /* thread that asks, in our pid namespace; 0: none */
	uint32_t uid;
	int64_t ns[TRACE_PHASES]; /* where the bit in `used` is set */
};

_Static_assert(TRACE_PHASES <= 32, "a bit each");

/* Begins a span, in a phase, at a time of clock_mono_ns(). */
static inline void trace_begin(
	struct trace_span *s, unsigned int row, enum trace_phase phase, int64_t at)
{
	s->begun = s->entered = at;
	s->used = 0;
	s->row = (uint16_t)row;
	s->phase = (uint16_t)phase;
	s->pid = 0;
}

/* The row of a request. */
static inline unsigned int trace_opcode(uint32_t opcode)
{
	return opcode < TRACE_OPCODES ? opcode : TRACE_OTHER;
}

/* Enters a phase. Does nothing where nothing is timed. */
void trace_enter(struct trace_span *s, enum trace_phase phase);

/* Ends a span and counts it; t may be NULL: it is forgotten. Returns what it took, ns. */
int64_t trace_end(struct trace *t, struct trace_span *s);

struct trace *trace_new(void);
/* Accepts NULL. */
void trace_free(struct trace *t);

/* Errnos that are counted; those beyond are 0. */
#define TRACE_ERRNOS 134

/* Counts a reply that is an errno; 0 is none. t may be NULL. Any thread. */
void trace_error(struct trace *t, int error);

/* Returns how many replies were this errno. Any thread. */
uint64_t trace_errors(const struct trace *t, int error);

/* Returns since when it counts, by clock_mono_ns(). */
int64_t trace_since(const struct trace *t);

/* Returns a histogram, to be read alone. Any thread. */
const struct histogram *trace_histogram(
	const struct trace *t, unsigned int row, enum trace_phase phase);

/* A thread that has asked, and for whom. */
struct trace_process {
	int32_t pid;
	uint32_t uid;
	int32_t process;            /* that it is a thread of; itself where that is not known */
	char comm[PROC_COMM_MAX];   /* of the process, as it was when it was looked at; raw */
	int64_t used_at, looked_at; /* clock_mono_ns() */
	uint64_t part[TRACE_PARTS]; /* ns */
	struct histogram total;
};

/*
 * Calls fn for each thread that is remembered: the last few hundred that have asked. Looks first
 * which processes those are that have asked since it was called last, so it reads /proc. Any
 * thread; fn may not call the trace.
 */
void trace_each_process(
	struct trace *t, void (*fn)(void *arg, const struct trace_process *p), void *arg);
