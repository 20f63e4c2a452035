#pragma once

#include "actor/actor.h"
#include "actor/facts.h"
#include "base/proc.h"

/* Reads about one process, once. Nothing here waits longer than about 0.2 s. */

/* Returns an actor with one reference and no texts yet. NULL when out of memory. */
struct actor *actor_new(pid_t pid, uint32_t uid, uint32_t gid);

/* Sets the texts that are not known to "". False when out of memory. */
bool actor_complete(struct actor *a);

struct process_notes {
	bool incomplete;   /* something could not be had in time */
	bool fixed_layout; /* it runs without address space randomisation */
};

/*
 * Fills an actor_new() from the process's stat and from `dirfd`, the open /proc/TID of a thread of
 * it that waits for us. False: no memory.
 */
bool process_read(struct facts_reader *reader, enum actor_detail detail, int dirfd,
	const struct proc_stat *st, struct actor *a, struct process_notes *notes);

/* Reads the name of a->uid alone. False when it could not be had in time. */
bool process_read_user(struct facts_reader *reader, struct actor *a);

/* Returns whether exe, cmdline and its own run are what they were. */
bool process_same(
	struct facts_reader *reader, enum actor_detail detail, int dirfd, const struct actor *a);
