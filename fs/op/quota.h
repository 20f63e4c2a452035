#pragma once

#include "op/call.h"

/* Quotas: whether an op may be. */

/* Whether an inode (NULL: one that is new) may have these attributes: 0 or EDQUOT. */
int quota_check(struct call *c, const struct inode *inode, const struct inode_attr *after);
/* Whether its extended attributes may have so many bytes. */
int quota_check_xattrs(struct call *c, const struct inode *inode, uint64_t bytes);
/* Makes *len of a write at off what fits. EDQUOT when nothing does. */
int quota_fit_write(struct call *c, const struct inode *inode, uint64_t off, uint32_t *len);
/* How many bytes an inode has in a range, at most: what a write there makes past. */
uint64_t quota_overlap(const struct inode_attr *attr, uint64_t off, uint64_t len);
/* EDQUOT when the owner's files may not have so many more bytes in the past. Removing is not asked:
 * it is how one gets below other limits. */
int quota_check_past(struct call *c, const struct inode *inode, uint64_t bytes);
/* EXDEV when what is in the one directory cannot be in the other. */
int quota_same_tree(const struct inode *a, const struct inode *b);
