#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * Reads a user or a group of this host, by name or as a number, which need not be known here. Sets
 * *id, or returns false with *err set.
 */
bool ids_user(const char *name, unsigned long *id, struct error *err);
bool ids_group(const char *name, unsigned long *id, struct error *err);
