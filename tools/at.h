#pragma once

#include <limits.h>
#include <stdbool.h>

#include "mounts.h"

#define AT_SIZE (NAME_MAX + 1)

/*
 * Takes .thule/at/T off the beginning of a path from the root of the filesystem, and puts the
 * instant into `at`: op:N, or T where the daemon cannot be asked. Returns false, with the path as
 * it was, when the path is none of the past.
 */
bool at_take(const struct mount_point *m, char path[static PATH_MAX], char at[static AT_SIZE]);
