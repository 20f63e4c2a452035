#pragma once

#include <stdbool.h>
#include <string.h>

/* Whether an absolute path is dir or lies in it, by the names alone; dir has no slash at its end,
 * "" is the root. */
static inline bool path_in(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && (path[len] == '/' || path[len] == '\0');
}
