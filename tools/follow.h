#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "target.h"

/* Which changes are wanted; each may be NULL, which is all. As `thule log` takes them. */
struct follow {
	const char *since;
	const char *user, *pid, *exe, *tag, *kind;
	bool json; /* a JSON object a line */
};

/*
 * Prints changes as they are committed, in order, each once: those since `since`, then those to
 * come. A connection that is lost is made again, and it goes on where it was. Returns when nobody
 * reads its output any more: true; or false with *err set.
 */
bool follow(const struct target *t, const struct follow *f, struct error *err);
