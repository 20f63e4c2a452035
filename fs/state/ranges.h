#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A set of numbers as ranges: in order, not empty, and no two of them touch. */
struct range {
	uint64_t lo, hi; /* [lo, hi) */
};

struct ranges {
	struct range *at; /* owned */
	size_t count, cap;
};

void ranges_free(struct ranges *r);

/* Adds or takes away [lo, hi). */
void ranges_add(struct ranges *r, uint64_t lo, uint64_t hi);
void ranges_cut(struct ranges *r, uint64_t lo, uint64_t hi);

/* How many numbers of [lo, hi) are in the set. */
uint64_t ranges_count(const struct ranges *r, uint64_t lo, uint64_t hi);
/* The first number from x on that is in the set; UINT64_MAX: none. */
uint64_t ranges_next_in(const struct ranges *r, uint64_t x);
/* The first number from x on that is not. */
uint64_t ranges_next_out(const struct ranges *r, uint64_t x);
