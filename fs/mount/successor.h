#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "fs.h"

/*
 * Takes over what a daemon that has died had told the kernel: the files that are open, by their
 * handles' numbers. After the journal was replayed and before anything is asked of the mount. False
 * with *err set, also when the database has changed since in a way that the kernel was not told of.
 * Does nothing in the first daemon, or without a keeper.
 */
bool successor_restore(struct fs *fs, const char *conninfo, struct error *err);
