#pragma once

#include "live/asked.h"

/*
 * What SQL is told of the daemon when it asks (live/asked.h): the report of report.h, as for root
 *and the owner, with the mounts; and the descriptors of processes.
 *
 *	mount DIR SOURCE TYPE FLAGS BSIZE BLOCKS BFREE BAVAIL FILES FFREE      (see statvfs(3))
 *	descriptor PROCESS FD INO PATH                             (as /proc/PROCESS/fd/FD says)
 */
void published_write(struct fs *fs, enum live_topic topic, dev_t device, struct buf *out);
