#pragma once

#include "op/call.h"

/* Answers GETXATTR or LISTXATTR with len bytes; `size` is the caller's room, 0 asks how many there
 * are. */
void reply_xattr(fuse_req_t req, const void *data, size_t len, size_t size);
/* Whether listxattr(2) shows a name to a user: only root sees what only root may read. */
bool xattr_listed(struct bytes name, uid_t uid);
