#pragma once

#include <stddef.h>

/* Finds the daemon's program: the one beside this program comes before any in $PATH. */
void thulefs_find(char *path, size_t size);
