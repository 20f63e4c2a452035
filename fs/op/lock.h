#pragma once

#include "op/call.h"

/* What the room of locks asks of this one (lock/lock.h); arg is the struct fs. */
bool lock_settled(void *arg, uint64_t upto);
void lock_lost(void *arg, uint64_t fh);

/* EIO where the locks that this open file had are lost: its program takes the file for locked. */
int lock_check(const struct call *c, uint64_t fh);
