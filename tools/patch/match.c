#include "patch/match.h"

#include <stdio.h>
#include <stdlib.h>

#include "patch/lines.h"

struct matching {
	int *match;
	int lines;
	int old, new; /* up to here they are matched */
};

/* Matches lines that are the same in both, up to a line of the newer one. */
static void match_until(struct matching *m, int new)
{
	for (; m->new < new && m->new < m->lines; m->new ++)
		m->match[m->new] = m->old++;
}

/* Reads a number and the one after a comma, which is 1 where there is none. */
static char *range(char *text, int *first, int *count)
{
	*first = (int)strtol(text, &text, 10);
	*count = *text == ',' ? (int)strtol(text + 1, &text, 10) : 1;
	return text;
}

/* Takes a line `@@ -OLD[,COUNT] +NEW[,COUNT] @@`. A range without lines begins at the line before
 * it. */
static bool take(void *arg, const char *text, size_t len, struct error *err)
{
	struct matching *m = arg;
	int old, gone, new, come;

	(void)len;
	(void)err;
	if (*text != '@')
		return true;
	text = range((char *)text + sizeof("@@ -") - 1, &old, &gone);
	range((char *)text + sizeof(" +") - 1, &new, &come);
	match_until(m, come ? new - 1 : new);
	for (; come && m->new < m->lines; come--)
		m->match[m->new ++] = -1;
	m->old += gone;
	return true;
}

bool match_lines(
	const struct buf *before, const struct buf *after, int *match, int lines, struct error *err)
{
	struct matching m = {.match = match, .lines = lines};

	if (!lines_compare(before, after, 0, take, &m, err))
		return false;
	match_until(&m, lines);
	return true;
}
