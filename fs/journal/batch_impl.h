#pragma once

/* The inside of a batch, for batch.c and for unit tests that look at its rows. */

#include "journal/batch.h"
#include "journal/coalesce_extent.h"
#include "journal/coalesce_inode.h"
#include "journal/coalesce_name.h"
#include "journal/rows.h"

struct batch {
	uint64_t mount;
	bool history; /* send the log and the versions that ended as well */
	uint64_t first_op, last_op;
	int64_t last_at;
	size_t ops;
	bool changed;  /* some of the records are ops */
	bool finished; /* the coalescers have added their rows */
	struct inode_coalescer inodes;
	struct name_coalescer names;
	struct extent_coalescer extents;
	struct rows rows[ROWS_COUNT];
};

/* Completes the rows, after the last record; does nothing when they are complete. */
void batch_finish(struct batch *b);
