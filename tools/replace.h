#pragma once

#include "base/error.h"
#include "base/mountinfo.h"

/*
 * Has the keeper of a mount (-o keeper) start the daemon anew, from the program that is installed
 * where the present one was. Programs that use the mount notice a pause. Returns once the new
 * daemon serves, and its version in `version`. ERR_USAGE when there is no keeper or the program
 * does not run; then nothing was changed.
 */
bool daemon_replace(const struct mount_point *m, char *version, size_t size, struct error *err);
