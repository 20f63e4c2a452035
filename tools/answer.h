#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mountinfo.h"

/* What a daemon says of itself (fs/control/report.h), as lines of fields. */
struct answer;

/* Fields of a line after its first word, which names its kind. */
#define ANSWER_FIELDS 10

struct answer_line {
	const char *kind;
	const char *field[ANSWER_FIELDS]; /* "" for absent fields */
};

/* Asks the daemon of a mount: control_ask(). NULL with *err set. */
struct answer *answer_ask(const struct mount_point *m, struct error *err);
/* Accepts NULL. */
void answer_free(struct answer *a);

/* Returns the next line of a kind from line *i on, and moves *i past it; NULL when there is none.
 */
const struct answer_line *answer_next(const struct answer *a, const char *kind, size_t *i);

/* Returns the version of the daemon. */
const char *answer_version(const struct answer *a);

/* Returns the value of a fact, or "" when it is absent. */
const char *answer_fact(const struct answer *a, const char *name);
