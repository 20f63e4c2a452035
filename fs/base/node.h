#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"

/*
 * What the kernel calls an inode: the inode's number; or a node of the past, which has PAST_BIT,
 * then the number of an instant, then the number of the inode (past/past.h).
 */
#define PAST_BIT      (UINT64_C(1) << 62)
#define PAST_INO_BITS INO_BITS /* of the inode number; the 22 bits above are of the instant */

/*
 * The names in the root under which the past is, .thule/at/T, and an extended attribute that
 * whatever is there has, and does not list: its instant, op:N.
 */
#define PAST_NAME     ".thule"
#define PAST_AT_NAME  "at"
#define PAST_OP_XATTR "system.thule.op"

/*
 * What stat(2) and readdir(3) say in place of a node's number: below 2^53, because JavaScript and
 * what reads JSON count in doubles. Bit 52 is the past's; no inode has so large a number. An inode
 * below 2^32, as of one of the first half a million instants that the daemon was asked for, has a
 * number that no other has; beyond that numbers are mixed, and two files have the same one with a
 * probability of 2^-51. A mount of one instant has the inodes' own numbers.
 */
#define PAST_STAT_BIT (UINT64_C(1) << 52)

static inline bool past_is(uint64_t node)
{
	return node & PAST_BIT;
}

static inline uint64_t past_ino(uint64_t node)
{
	return node & ((UINT64_C(1) << PAST_INO_BITS) - 1);
}
