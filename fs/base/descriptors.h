#pragma once

#include <stddef.h>

/* Raises the limit of open descriptors as far as this process may, and returns it; 0 when the
 * kernel does not say. */
size_t descriptors_raise(void);
