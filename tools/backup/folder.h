#pragma once

#include <limits.h>
#include <stdbool.h>

#include "base/error.h"

/* Directories that a backup or a restored server is to fill. */

/*
 * Makes the directory, or takes one that is there and empty; *made says which, and `real` is its
 * absolute path. ERR_USAGE when there is something in it.
 */
bool folder_make_empty(
	const char *dir, unsigned int mode, char real[PATH_MAX], bool *made, struct error *err);

/* Removes what is in a directory that was empty; with `whole` the directory, too. */
void folder_empty(const char *dir, bool whole);

/* Removes a directory with all that is in it. */
bool folder_remove(const char *path, struct error *err);

/* Returns the bytes of all files below a directory. */
unsigned long long folder_bytes(const char *dir);

/* Checks that so many bytes fit where `dir` is. ERR_NO_SPACE. */
bool folder_check_room(
	const char *dir, unsigned long long bytes, const char *what, struct error *err);
