#pragma once

#include <poll.h>
#include <stdbool.h>

#include "base/error.h"
#include "target.h"

/* A change, as text; paths as SQL shows them, "" where there is none. */
struct follow_change {
	const char *op, *path, *new_path, *tag;
};

/* How it goes on after a turn. */
enum follow_next {
	FOLLOW_ON,
	FOLLOW_SKIP, /* with what is committed from now on */
	FOLLOW_END,
	FOLLOW_FAILED, /* *err is set */
};

/* What a program does with changes that are not printed. */
struct follow_use {
	/* The first change is to come; `untagged`: there may be changes without their tags. */
	void (*begin)(void *arg, bool untagged);
	void (*take)(void *arg, const struct follow_change *change);
	/*
	 * All that is committed has been taken. May say which descriptor ends the wait for more,
	 * and shorten it.
	 */
	enum follow_next (*turn)(void *arg, struct pollfd *wake, int *wait_ms, struct error *err);
};

/* The wanted changes, in the terms of `thule log`; NULL is no limit. */
struct follow {
	const char *since;
	const char *user, *pid, *exe, *tag, *kind;
	bool json;                    /* print one JSON object a line */
	const struct follow_use *use; /* NULL: they are printed */
	void *arg;
};

/*
 * Prints changes in the order of their commits, each once: first those since `since`, then new
 * ones; or hands them to `use`. Makes a lost connection again and resumes. Returns true when nobody
 * reads the output any more, or a turn has ended it, or false with *err set.
 */
bool follow(const struct target *t, const struct follow *f, struct error *err);
