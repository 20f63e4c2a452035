#pragma once

#include "op/call.h"

/*
 * What is asked of the database before anybody needs it: the neighbours of a name that was missed,
 * and the sub-directories of a tree that somebody walks.
 */

/* A name of a directory that is not in the state. As load(). */
int guess_name(struct call *c, struct inode *dir, struct bytes name);

/* A directory is being listed from its beginning. Under the lock. */
void guess_listed(struct fs *fs, struct inode *dir);
/* Its listing goes on after a cookie, up to where the names are known. Under the lock. */
void guess_goes_on(struct fs *fs, struct inode *dir, uint64_t after);
