#pragma once

#include <stdbool.h>
#include <stddef.h>

/* True for valid UTF-8 (RFC 3629) without NUL. */
bool text_is_utf8(const char *data, size_t len);
