#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Fills match[0..lines) with the number of the line of `before` that each line of `after` was, from
 * 0 on, by lines_compare(); -1 where it is new. Returns false with *err set.
 */
bool match_lines(const struct buf *before, const struct buf *after, int *match, int lines,
	struct error *err);
