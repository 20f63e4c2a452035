#pragma once

#include "op/call.h"

/*
 * Small files: who has read two files of a directory is about to read the others, as tar, cp -r
 * and grep -r do. Their bytes come with those of the next one that is missing, in the order of the
 * directory's listing; the more of them, the more of those that came before were read.
 */
struct nearby;

struct nearby *nearby_new(void);
void nearby_free(struct nearby *n);

/* The following are called under the lock. */

/* A small file is read, and its bytes are there. */
void nearby_used(struct call *c, struct inode *inode);
/* Asks for a small file, and for its neighbours when that pays. Returns false when it is not to be
 * had so. */
bool nearby_ask(struct call *c, struct inode *inode);
