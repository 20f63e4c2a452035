#pragma once

#include <stdbool.h>

/* What the server refuses for what it is, and not because it cannot take it now: a constraint, a
 * trigger, a right, a table that is not there, damage. */

/* Returns whether the same would be refused again until somebody changes the database. */
bool refusal_is_final(const char *sqlstate);

/* Returns what to do about it, a constant. */
const char *refusal_hint(const char *sqlstate);
