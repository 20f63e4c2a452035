#pragma once

#include <stdint.h>
#include <sys/statvfs.h>

#include "fs.h"

/* Fills *out with what statvfs(3) says of the filesystem, in the tree of a quota (0: none). Any
 * thread, without the lock. */
void statfs_read(struct fs *fs, uint32_t tree, struct statvfs *out);
