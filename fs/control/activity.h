#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "fs.h"

/*
 * Appends what the trace has counted since the mount, as lines of report.h: of the whole for root
 * and the owner, of a user's own processes for others.
 */
void activity_write(struct fs *fs, int64_t uid, struct buf *out);
