#pragma once

#include <stdbool.h>
#include <string.h>

#include "base/error.h"

/* Returns whether an absolute path is dir or lies in it, by the names alone; dir has no slash at
 * its end, and "" is the root. */
static inline bool path_in(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && (path[len] == '/' || path[len] == '\0');
}

/* Returns whether this can be a name in a directory, whatever its length: not one of the two that
 * every directory has, and of one step. */
static inline bool path_is_name(const char *p, size_t len)
{
	return len > 0 && !(len == 1 && p[0] == '.') && !(len == 2 && p[0] == '.' && p[1] == '.') &&
	       !memchr(p, '/', len) && !memchr(p, '\0', len);
}

/*
 * Formats a path into dst. ERR_USAGE when it does not fit into size bytes; then dst holds as much
 * of it as does.
 */
bool path_format(char *dst, size_t size, struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
