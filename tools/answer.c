#include "answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "control.h"

enum { FACT_NAME, FACT_VALUE };

struct answer {
	struct buf text;
	struct answer_line *line;
	size_t count, cap;
};

static void read_line(struct answer *a, char *text)
{
	struct answer_line *l;

	if (a->count == a->cap) {
		a->cap = a->cap ? a->cap * 2 : 64;
		a->line = xrealloc(a->line, a->cap * sizeof(a->line[0]));
	}
	l = &a->line[a->count++];
	for (int i = 0; i < ANSWER_FIELDS; i++)
		l->field[i] = "";
	l->kind = strsep(&text, "\t");
	for (int i = 0; text && i < ANSWER_FIELDS; i++)
		l->field[i] = strsep(&text, "\t");
}

struct answer *answer_ask(const struct mount_point *m, struct error *err)
{
	struct answer *a = xcalloc(1, sizeof(*a));
	char *rest;

	if (!control_ask(m, &a->text, err)) {
		answer_free(a);
		return NULL;
	}
	rest = a->text.data;
	while (rest && *rest)
		read_line(a, strsep(&rest, "\n"));
	return a;
}

void answer_free(struct answer *a)
{
	if (!a)
		return;
	buf_free(&a->text);
	free(a->line);
	free(a);
}

const struct answer_line *answer_next(const struct answer *a, const char *kind, size_t *i)
{
	while (*i < a->count)
		if (!strcmp(a->line[(*i)++].kind, kind))
			return &a->line[*i - 1];
	return NULL;
}

const char *answer_version(const struct answer *a)
{
	const char *version = a->count ? strrchr(a->line[0].kind, ' ') : NULL;

	return version ? version + 1 : "";
}

const char *answer_fact(const struct answer *a, const char *name)
{
	const struct answer_line *l;
	size_t i = 0;

	while ((l = answer_next(a, "fact", &i)))
		if (!strcmp(l->field[FACT_NAME], name))
			return l->field[FACT_VALUE];
	return "";
}
