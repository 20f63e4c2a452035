#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "target.h"

/* The wanted changes, in the terms of `thule log`; NULL is no limit. */
struct follow {
	const char *since;
	const char *user, *pid, *exe, *tag, *kind;
	bool json; /* print one JSON object a line */
};

/*
 * Prints changes in the order of their commits, each once: first those since `since`, then new
 * ones. Makes a lost connection again and resumes. Returns true when nobody reads the output any
 * more, or false with *err set.
 */
bool follow(const struct target *t, const struct follow *f, struct error *err);
