#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Describes in messages what a size may be. */
#define SIZE_WANTED                                                                                \
	"give a number of bytes, or one with a unit: 4096, 512M, 10G, 1.5 TiB (K is 1024)"

/*
 * Parses a size as people type it, wherever they do: digits, perhaps a fraction, and K, M, G, T, P
 * or E, with or without B or iB after it, in any case; K is 1024. False when it is none: nothing,
 * less than one byte, a sign, an exponent, or more than 2^62.
 */
bool size_parse(const char *text, uint64_t *bytes);
