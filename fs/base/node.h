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

static inline bool past_is(uint64_t node)
{
	return node & PAST_BIT;
}

static inline uint64_t past_ino(uint64_t node)
{
	return node & ((UINT64_C(1) << PAST_INO_BITS) - 1);
}
