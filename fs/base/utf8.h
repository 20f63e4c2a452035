#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Returns the bytes of the valid UTF-8 character that text of len (> 0) bytes starts with (RFC
 * 3629: shortest form, no surrogates); 0 when it does not start with one. */
size_t utf8_length(const char *text, size_t len);

/* Returns the number of a valid character of n (> 0) bytes. */
unsigned int utf8_decode(const char *text, size_t n);

/* Returns whether text of len (> 0) bytes starts with a control character: C0, DEL, C1. */
bool utf8_is_control(const char *text, size_t len);

/*
 * Returns whether all of a text of len bytes is valid UTF-8 without NUL, as PostgreSQL's text is.
 */
bool utf8_is_text(const char *text, size_t len);
