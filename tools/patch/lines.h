#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Compares two texts by diff(1), which has the bytes in files that are memory, and hands each line
 * of its unified form to `line`, with its newline, from the first @@ on, until that returns false.
 * With `context` lines around each change. Returns false with *err set: ERR_SYSTEM also when there
 * is no diff.
 */
bool lines_compare(const struct buf *before, const struct buf *after, int context,
	bool (*line)(void *arg, const char *text, size_t len, struct error *err), void *arg,
	struct error *err);
