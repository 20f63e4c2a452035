#pragma once

#include "base/buf.h"

/*
 * Appends "a/NAME" or "b/NAME", by `side`, or NAME alone for 0, as git writes it: in quotes and
 * with escapes where there are control characters, quotes, backslashes or bytes that are not UTF-8.
 * Blanks are in quotes, too: git apply takes that, and patch(1) needs it.
 */
void name_add(struct buf *out, char side, const char *name, size_t len);
