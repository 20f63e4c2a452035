#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Formats a path into dst. ERR_USAGE when it does not fit into size bytes. */
bool path_format(char *dst, size_t size, struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * Opens the directory `path`, making it (and its parents) with `mode` whatever the umask is.
 * Returns a descriptor, or -1 with *err set: ERR_USAGE where permissions or the path's shape forbid
 * it.
 */
int path_make_directory(const char *path, unsigned int mode, struct error *err);
