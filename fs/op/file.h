#pragma once

#include "op/call.h"

/* A handle for an inode that is now open, with flags of open(2), by who calls. */
struct handle *file_open(struct call *c, struct inode *inode, int flags);
/* Ends what was unlinked while it was open: after the last close, and when mount begins or ends. */
void forget_orphan(struct fs *fs, struct inode *inode, struct actor *who);

/* Under the lock: whether the close of what is opened with these flags is to be told (FLUSH). */
bool file_flushes(const struct fs *fs, int flags);
