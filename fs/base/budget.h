#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * A bound on memory that grows with what users do, counted in bytes. `thule status` prints each
 * with its name. What guards the memory guards `used`; a room hands out copies.
 */
struct budget {
	const char *name; /* in lower case, a constant: "attributes" */
	uint64_t used, limit;
};

/* Returns whether so many bytes more would exceed the budget. */
static inline bool budget_lacks(const struct budget *b, uint64_t more)
{
	return b->used > b->limit || more > b->limit - b->used;
}
