#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Bytes of the valid UTF-8 character that text of len (> 0) bytes starts with (RFC 3629: shortest
 * form, no surrogates); 0: it does not start with one.
 */
size_t utf8_length(const char *text, size_t len);

/* The number of a valid character of n (> 0) bytes. */
unsigned int utf8_decode(const char *text, size_t n);

/* Whether text of len (> 0) bytes starts with a control character: C0, DEL, C1. */
bool utf8_is_control(const char *text, size_t len);
