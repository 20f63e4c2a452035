#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"

/*
 * The table of instants: which number in a node of the past means which op. Numbers are given out
 * in order and never twice, so that a node that the kernel still has means its instant or none.
 * Beyond the budget the instant that was used least recently is forgotten; when it is asked for
 * again, it gets another number. Without a lock of its own.
 */
struct instants;

struct instants *instants_new(uint64_t bytes);
/* Notes each number in an array that outlives the daemon, and takes those that are there already:
 * kept[number] is the op, 0 where there is none. Before any is given out. */
void instants_keep(struct instants *t, uint64_t *kept, size_t count);
void instants_free(struct instants *t);

/* Returns the number of an op, giving one out where it has none; 0 when there are no more. */
uint64_t instants_number(struct instants *t, uint64_t op);

/* Returns the op of a number, and notes the use; 0 for one that was forgotten or never given out.
 */
uint64_t instants_op(struct instants *t, uint64_t number);

/* Returns when a node of the op was last asked for, CLOCK_MONOTONIC; 0 for never. */
int64_t instants_used(const struct instants *t, uint64_t op);

struct budget instants_budget(const struct instants *t);
