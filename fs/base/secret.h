#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Whether a keyword of libpq's connection strings has a value that nobody else may see. */
bool secret_keyword(const char *keyword);

/*
 * Puts *** in place of what looks like a secret in a text or in arguments that NULs end: passwords
 * of URIs (scheme://user:PASSWORD@host), and values of secret keywords (password=VALUE), also of
 * names that end so (PGPASSWORD=). Nothing gets longer; returns the new length.
 */
size_t secret_mask(char *text, size_t len);
