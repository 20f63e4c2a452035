#pragma once

#include "op/call.h"

/* A handle for an inode that is now open, with flags of open(2), by who calls; `made`: and is new.
 * Tells the kernel of it. */
struct handle *file_open(struct call *c, struct inode *inode, struct fuse_file_info *fi, bool made);
/* Ends what was unlinked while it was open: after the last close, and when mount begins or ends. */
void forget_orphan(struct fs *fs, struct inode *inode, struct actor *who);
