#pragma once

#include <uthash.h>

#include "journal/record.h"
#include "journal/rows.h"

/*
 * Coalesces the names of directories and the extended attributes of inodes in a batch. Both are
 * rows with a name and are treated alike: versions that began and ended within the batch become
 * rows of the history at once, and the last one is the one that the present gets. Pure: records go
 * in, rows come out.
 */
struct coalesced_name {
	uint64_t ino, cookie; /* of a directory entry */
	struct bytes value;   /* of an attribute; in the record's memory */
	bool existed;         /* the database has a row for it from before this batch */
	bool live;            /* it exists after the changes so far; from is valid */
	struct when ended;    /* of the row from before, if it existed */
	struct when from;
	UT_hash_handle hh;
	uint16_t name_len;
	uint64_t of; /* directory or inode; the key: it and the name, contiguous */
	char name[];
};

/* All zero when it is new. `rows` are those of the batch, indexed by rows_id. */
struct name_coalescer {
	struct rows *rows;
	struct coalesced_name *dirents;
	struct coalesced_name *xattrs;
};

/* Each takes the change that it is named after. */
void coalesce_dirent(struct name_coalescer *c, const struct change *e, struct when w);
void coalesce_dirent_gone(struct name_coalescer *c, const struct change *e, struct when w);
void coalesce_xattr(struct name_coalescer *c, const struct change *e, struct when w);
void coalesce_xattr_gone(struct name_coalescer *c, const struct change *e, struct when w);
/* Ends all attributes of an inode. */
void coalesce_xattrs_gone(struct name_coalescer *c, uint64_t ino, struct when w);

/* Adds the rows of the present. Once per batch, after its last change. */
void coalesce_names_finish(struct name_coalescer *c);
void coalesce_names_reset(struct name_coalescer *c);
