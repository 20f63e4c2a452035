#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Returns whether a keyword of libpq's connection strings has a value that nobody else may see. */
bool secret_keyword(const char *keyword);

/* Returns whether a text may hold a secret, however badly it is written: it names a secret keyword,
 * or has a URI. */
bool secret_possible(const char *text);

/* Finds the password of a URI whose authority begins at `from`, behind "://". Returns where it
 * begins, and *end is where it ends; 0 when there is none. */
size_t secret_of_uri(const char *text, size_t len, size_t from, size_t *end);

/*
 * Replaces what looks like a secret by ***, in a text or in arguments that NULs end: passwords of
 * URIs (scheme://user:PASSWORD@host), and values of secret keywords (password=VALUE), also of names
 * that end so (PGPASSWORD=). Nothing gets longer; returns the new length.
 */
size_t secret_mask(char *text, size_t len);
