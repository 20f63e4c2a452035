#pragma once

#include <uthash.h>

#include "journal/record.h"
#include "journal/rows.h"

/*
 * Coalesces the changes of inodes in a batch: versions that began and ended within it become rows
 * of the history at once, and the last version of an inode is the one that the present gets. Pure:
 * records go in, rows come out.
 */
struct coalesced_inode {
	uint64_t ino;
	bool existed;      /* the database has a row for it from before this batch */
	bool live;         /* it exists after the changes so far; cur and from are valid */
	struct when ended; /* of the row from before, if it existed */
	struct when from;  /* when cur began */
	struct inode_attr cur;
	struct bytes target; /* in the record's memory */
	UT_hash_handle hh;
};

/* An access to an inode as the database has it, before the batch does anything else to it. */
struct coalesced_atime {
	uint64_t ino;
	int64_t ns;
	UT_hash_handle hh;
};

/* All zero when it is new. `rows` are those of the batch, indexed by rows_id. */
struct inode_coalescer {
	struct rows *rows;
	struct coalesced_inode *inodes;
	struct coalesced_atime *atimes;
	uint64_t next_ino; /* one past the largest new inode number, 0: none */
};

/* Takes a CHANGE_INODE: the inode's new attributes. */
void coalesce_inode(struct inode_coalescer *c, const struct change *e, struct when w);
/* Takes a CHANGE_ATIME, which makes no version. */
void coalesce_atime(struct inode_coalescer *c, const struct change *e);
/* Takes the end of an inode. */
void coalesce_inode_gone(struct inode_coalescer *c, uint64_t ino, struct when w);

/* Returns true when the inode was made within this batch, so that the database does not have it. */
bool coalesce_inode_is_new(const struct inode_coalescer *c, uint64_t ino);

/* Adds the rows of the present. Once per batch, after its last change. */
void coalesce_inodes_finish(struct inode_coalescer *c);
void coalesce_inodes_reset(struct inode_coalescer *c);
