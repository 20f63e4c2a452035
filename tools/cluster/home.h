#pragma once

#include "base/error.h"

/*
 * Opens the directory `path`, making it (and its parents) with `mode` whatever the umask is.
 * Returns a descriptor, or -1 with *err set: ERR_USAGE where permissions or the path's shape forbid
 * it.
 */
int home_open(const char *path, unsigned int mode, struct error *err);
