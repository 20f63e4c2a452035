#pragma once

#include "base/buf.h"

/*
 * Adds a value to an array as SQL takes it in text. The bytes are such an array after each call,
 * and end with a zero that does not count; before the first one there are none.
 */
void array_add(struct buf *array, const char *value);
