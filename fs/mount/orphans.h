#pragma once

#include "fs.h"

/* Inodes that have lost their last name and that nobody has open any more. */

/* Loads those that were open without a name when an earlier daemon died, and ends them. False with
 * *err set. */
bool orphans_load(struct fs *fs, const char *conninfo, struct error *err);

/* Ends those that are in the state, for when nothing is open any more; takes the lock. */
void orphans_end(struct fs *fs);
