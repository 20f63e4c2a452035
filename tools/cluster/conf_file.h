#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cluster/account.h"

/* Files of settings: writing them, and quoting for those of PostgreSQL. */

/* Replaces the file `name` of the directory `dir` in one step; the account owns the new one. */
bool conf_replace(int dir, const char *name, const char *text, const struct account *account,
	struct error *err);

/*
 * Quotes what stands between single quotes in postgresql.conf. cluster_check_path() has refused
 * what double quotes would need. False when dst has no room.
 */
bool conf_quote(char *dst, size_t size, const char *src);

/*
 * Doubles each % of a path, for a command that PostgreSQL gives to a shell, in which %p and %f are
 * names of files. False when dst has no room.
 */
bool conf_command_path(char *dst, size_t size, const char *path);
