#pragma once

#include "op/call.h"

/*
 * What the database has of a file in [off, *end): the answer to read_holes or read_extents, valid
 * until the lock is let go. *end becomes less when it was asked for less.
 */
int need_layout(struct call *c, struct inode *inode, enum stmt stmt, uint64_t off, uint64_t *end,
	const PGresult **res);

#define LAYOUT_HOLES   64
#define LAYOUT_EXTENTS 4096
/*
 * The answer of read_holes, or of read_past_holes, as the ranges from off on that have bytes.
 * Returns up to where it tells all of them: UINT64_MAX when it has less than `limit` holes.
 */
uint64_t layout_ranges(const PGresult *res, uint64_t off, int limit, struct ranges *data);
/* How many bytes a file has in [off, end), or less when that is not easy to know. */
int need_count(struct call *c, struct inode *inode, uint64_t off, uint64_t end, uint64_t *bytes);
/*
 * Where lseek(2) goes from off with SEEK_DATA or SEEK_HOLE; data begins at the block of off. Holes
 * are told by whole blocks, as by filesystems that allocate them. 0, or ENXIO: to the end there is
 * only a hole.
 */
int layout_seek(const struct ranges *data, uint64_t size, int whence, uint64_t off, uint64_t *at);

static inline uint64_t block_of(uint64_t off)
{
	return off - off % 4096;
}
