#pragma once

#include "fs.h"

/* Inodes that have lost their last name and that nobody has open any more. */

/* Under the lock, where there are other threads: adds those that the database has to the state
 * (read_orphans.sql; NULL: none). orphans_end() follows. */
void orphans_add(struct fs *fs, const PGresult *orphans);

/* Ends those that are in the state; takes the lock. `opened`: also those that somebody has open,
 * for a filesystem that is unmounted. */
void orphans_end(struct fs *fs, bool opened);
