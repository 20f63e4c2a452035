#include "patch/runs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "base/buf.h"
#include "print.h"

/* The changes that are asked for at a time; a run ends with them. */
#define PAGE_ROWS 10000

#define PARAMS_MAX 16

/* Columns of command_log and command_log_path. */
enum { LOG_OP = 1, LOG_TIME, LOG_USER, LOG_PID, LOG_EXE, LOG_KIND, LOG_PATH };

/* Columns of command_log_runs. */
enum { OP, ACTOR, INO, NEXT, KEPT };

/* A part of the log, the newest change first, and what is known of its runs, row by row. */
struct page {
	PGresult *log, *runs;
	int rows;
};

static uint64_t number(const struct page *p, int row, int column)
{
	return strtoull(PQgetvalue(p->runs, row, column), NULL, 10);
}

static bool is(const struct page *p, int row, int other, int column)
{
	return !strcmp(PQgetvalue(p->runs, row, column), PQgetvalue(p->runs, other, column));
}

/* Says whether an op is one of the rows [first, end). */
static bool has(const struct page *p, int first, int end, uint64_t op)
{
	while (first < end) {
		int middle = first + (end - first) / 2;

		if (number(p, middle, OP) == op)
			return true;
		if (number(p, middle, OP) > op)
			first = middle + 1;
		else
			end = middle;
	}
	return false;
}

/* Returns the row after the run that begins, with its last change, at `first`. */
static int end_of_run(const struct page *p, int first)
{
	int end = first + 1;

	for (; end < p->rows && is(p, first, end, ACTOR) && is(p, first, end, KEPT); end++) {
		uint64_t next = number(p, end, NEXT);

		/* Somebody else's change to the same inode is in between. */
		if (next && next < number(p, first, OP) && !has(p, first, end, next))
			break;
	}
	return end;
}

bool runs_print_between(struct patch *patch, const char *from, const char *to, const char *inos,
	bool kept, struct error *err)
{
	const char *params[] = {from, to, inos, NULL};
	PGresult *res;
	bool ok;

	if (!kept) {
		printf("What files were before this was pruned.\n");
		return true;
	}
	res = past_query(
		patch->past, statements[STMT_COMMAND_LOG_PATCH].text, 4, params, false, err);
	ok = res && patch_print(patch, res, from, to, err);
	PQclear(res);
	return ok;
}

/* Who did it and when, and then the changes, the oldest first; like ones in a row are one line. */
static void print_head(const struct patch *patch, const struct page *p, int first, int end)
{
	static const int who[] = {LOG_TIME, LOG_USER, LOG_PID, LOG_EXE};
	int same = 1;

	fputs(patch->colour ? "\033[33m" : "", stdout);
	printf("op:%" PRIu64, number(p, end - 1, OP));
	if (end - first > 1)
		printf("-%" PRIu64, number(p, first, OP));
	for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++) {
		printf("  ");
		print_safe(stdout, PQgetvalue(p->log, first, who[i]), 0);
	}
	fputs(patch->colour ? "\033[m\n" : "\n", stdout);
	for (int row = end - 1; row >= first; row--, same++) {
		const char *kind = PQgetvalue(p->log, row, LOG_KIND);
		const char *path = PQgetvalue(p->log, row, LOG_PATH);

		if (row > first && !strcmp(kind, PQgetvalue(p->log, row - 1, LOG_KIND)) &&
			!strcmp(path, PQgetvalue(p->log, row - 1, LOG_PATH)))
			continue;
		printf("    ");
		print_safe(stdout, kind, 8);
		printf("  ");
		print_safe(stdout, path, 0);
		if (same > 1)
			printf("  (%d times)", same);
		printf("\n");
		same = 0;
	}
	printf("\n");
}

static bool print_run(
	struct patch *patch, const struct page *p, int first, int end, struct error *err)
{
	bool kept = *PQgetvalue(p->runs, first, KEPT) == 't';
	struct buf inos = {0};
	char from[24];
	long before = patch->files;
	bool ok;

	snprintf(from, sizeof(from), "%" PRIu64, number(p, end - 1, OP) - 1);
	for (int row = first; row < end; row++)
		if (row == first || !is(p, row, row - 1, INO))
			array_add(&inos, PQgetvalue(p->runs, row, INO));
	print_head(patch, p, first, end);
	ok = runs_print_between(patch, from, PQgetvalue(p->runs, first, OP), inos.data, kept, err);
	if (ok && (patch->files > before || !kept))
		printf("\n");
	buf_free(&inos);
	return ok;
}

static bool print_page(struct patch *patch, const struct page *p, bool reverse, struct error *err)
{
	int *ends = xcalloc((size_t)p->rows + 1, sizeof(int));
	int n = 0;
	bool ok = true;

	for (int first = 0; first < p->rows; first = ends[n])
		ends[++n] = end_of_run(p, first);
	for (int i = 0; ok && i < n; i++) {
		int k = reverse ? n - 1 - i : i;

		ok = print_run(patch, p, ends[k], ends[k + 1], err);
	}
	free(ends);
	return ok;
}

/* Asks for the runs of the changes on a page. */
static bool find_runs(struct page *p, struct past *past, struct error *err)
{
	struct buf ops = {0};

	for (int row = 0; row < PQntuples(p->log); row++)
		array_add(&ops, PQgetvalue(p->log, row, LOG_OP));
	p->runs = past_query(past, statements[STMT_COMMAND_LOG_RUNS].text, 2,
		(const char *[]){ops.len ? ops.data : "{}", NULL}, false, err);
	buf_free(&ops);
	p->rows = p->runs ? PQntuples(p->runs) : 0;
	if (p->runs && p->rows != PQntuples(p->log))
		return error_set(
			err, ERR_BUSY, "the log was pruned while it was read: ask for it again");
	return p->runs != NULL;
}

/* Fills in how many changes the next page has, of which `left` are wanted, -1: all. */
static const char *page_limit(const struct runs *runs, long left, char text[24])
{
	/* All of them in memory is the price of beginning with the oldest. */
	long n = runs->reverse || (left >= 0 && left < PAGE_ROWS) ? left : PAGE_ROWS;

	snprintf(text, 24, "%ld", n);
	return n < 0 ? NULL : text;
}

bool runs_print(struct patch *patch, const struct runs *runs, long *rows, struct error *err)
{
	const char *params[PARAMS_MAX], *wanted = runs->params[runs->limit];
	long left = wanted ? strtol(wanted, NULL, 10) : -1, n;
	char below[24], limit[24];
	bool ok = true;

	memcpy(params, runs->params, (size_t)runs->nparams * sizeof(params[0]));
	*rows = 0;
	do {
		struct page p = {0};

		params[runs->limit] = page_limit(runs, left, limit);
		p.log = past_query(patch->past, statements[runs->stmt].text, runs->nparams, params,
			false, err);
		ok = p.log && find_runs(&p, patch->past, err) &&
		     print_page(patch, &p, runs->reverse, err);
		n = p.rows;
		*rows += n;
		left -= left < 0 ? 0 : n;
		if (n)
			snprintf(below, sizeof(below), "%s", PQgetvalue(p.runs, (int)n - 1, OP));
		params[runs->below] = below;
		PQclear(p.log);
		PQclear(p.runs);
	} while (ok && !runs->reverse && n == PAGE_ROWS && left != 0);
	return ok;
}
