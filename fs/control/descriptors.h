#pragma once

#include <sys/types.h>

#include "base/buf.h"

/*
 * Appends a line (published.h) for each descriptor of a process that is of a file on the device, as
 * far as we may look: a user's daemon sees that user's processes. Asks no filesystem for anything.
 */
void descriptors_write(dev_t device, struct buf *out);
