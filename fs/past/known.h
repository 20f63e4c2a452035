#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/*
 * What is known of nodes of the past without a question: which of them have no extended attributes,
 * which stays so, and, for a second, the attributes of roots. Programs ask for these again and
 * again: ls -l for an access list of each file, and all who go by paths for the root at each step.
 * Of a fixed size: what comes later takes the place of what was there. Without a lock of its own.
 */
#define KNOWN_PLAIN 8192
#define KNOWN_TOPS  16

struct known {
	uint64_t plain[KNOWN_PLAIN]; /* nodes without extended attributes; 0: none */
	struct known_top {
		uint64_t op;  /* 0: none */
		int64_t read; /* CLOCK_MONOTONIC */
		struct stat st;
	} tops[KNOWN_TOPS];
};

void known_plain_put(struct known *k, uint64_t node);
bool known_plain(const struct known *k, uint64_t node);

/* The root as of an op. */
void known_top_put(struct known *k, uint64_t op, const struct stat *st);
bool known_top(const struct known *k, uint64_t op, struct stat *st);
