#include "db/refusal.h"

#include <stddef.h>
#include <string.h>

/* PostgreSQL 15 manual, appendix A. The first prefix that matches decides. */
static const struct {
	const char *prefix, *hint;
} refusals[] = {
	{"42501", "give its role back the rights on schema thule (`thule upgrade` does)"},
	{"42", "the schema is not as this program made it: undo what was changed in it, or run "
	       "`thule upgrade`"},
	{"23", "a row breaks a constraint: drop it if it was added to a table of schema thule; "
	       "else "
	       "this is a bug or damage, and `thule fsck` says more"},
	{"22", "a value does not fit its column: undo what was changed in the schema; else this is "
	       "a bug or damage, and `thule fsck` says more"},
	{"44", "a view refuses the row: undo what was changed in the schema"},
	{"0A", "the server cannot do what this program needs: undo what was changed in it"},
	{"P0", "a trigger refuses the row: drop it, or have it let the row pass"},
	{"XX", "the server's files or its memory are damaged: look into its log before anything "
	       "else, and think of a backup"},
};
#define REFUSALS (sizeof(refusals) / sizeof(refusals[0]))

static size_t find(const char *sqlstate)
{
	size_t i = 0;

	while (i < REFUSALS &&
		strncmp(sqlstate, refusals[i].prefix, strlen(refusals[i].prefix)) != 0)
		i++;
	return i;
}

bool refusal_is_final(const char *sqlstate)
{
	return find(sqlstate) < REFUSALS;
}

const char *refusal_hint(const char *sqlstate)
{
	size_t i = find(sqlstate);

	return i < REFUSALS ? refusals[i].hint : "look into the log of the server";
}
