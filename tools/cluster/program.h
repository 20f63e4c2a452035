#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cluster/account.h"

/*
 * Finds one of PostgreSQL's programs. `version` is the major version of a data directory, or NULL:
 * 15, else the newest newer one of Debian's packages, else $PATH. ERR_NOT_FOUND.
 */
bool program_find(
	const char *name, const char *version, char *path, size_t size, struct error *err);

/*
 * Runs argv (NULL-terminated; argv[0] is the path of the program) as the account and waits for it,
 * at most `limit` seconds. The program gets a session of its own, /dev/null for input, none of the
 * caller's descriptors and a clean environment, because it may leave a server behind. When it
 * fails, *err ends in its last lines.
 */
bool program_run(
	const char *const *argv, const struct account *account, int limit, struct error *err);

/* Appends the last lines of the open file fd to err->text, on one line. */
void program_quote_tail(int fd, struct error *err);
