#pragma once

#include <stdbool.h>
#include <string.h>

/* What names a private PostgreSQL among the sources of mounts: the word alone for the one of the
 * user, or `private:DIR` for the one in DIR. */
#define PRIVATE_SOURCE "private"

/* Returns whether the source names a private PostgreSQL, and sets *home (may be NULL) to DIR, a
 * part of the source, or to "". */
static inline bool private_source(const char *source, const char **home)
{
	const size_t n = sizeof(PRIVATE_SOURCE) - 1;

	if (strncmp(source, PRIVATE_SOURCE, n) || (source[n] && source[n] != ':'))
		return false;
	if (home)
		*home = source[n] ? source + n + 1 : "";
	return true;
}
