#include "nearest.h"

#include <string.h>

/* A longer word is no command that was mistyped. */
#define WORD_MAX 15

static int least(int a, int b)
{
	return a < b ? a : b;
}

/* Returns how many letters have to change to make `to` of `from`, both at most WORD_MAX long. */
static int distance(const char *from, const char *to)
{
	int d[WORD_MAX + 1][WORD_MAX + 1];
	int n = (int)strlen(from), m = (int)strlen(to);

	for (int i = 0; i <= n; i++)
		for (int j = 0; j <= m; j++) {
			if (!i || !j) {
				d[i][j] = i + j;
				continue;
			}
			d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
				d[i - 1][j - 1] + (from[i - 1] != to[j - 1]));
			if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	return d[n][m];
}

const struct command *nearest(const struct command *const *commands, const char *word)
{
	const struct command *found = NULL;
	size_t length = strlen(word);
	/* A third of the letters may be wrong. */
	int best = (int)(length + 2) / 3 + 1;

	if (length < 2 || length > WORD_MAX)
		return NULL;
	for (int i = 0; commands[i]; i++) {
		int d = distance(word, commands[i]->name);
		if (d < best) {
			best = d;
			found = commands[i];
		}
	}
	return found;
}
