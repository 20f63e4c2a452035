#include "print.h"

#include <string.h>

#include "ask.h"
#include "base/show.h"
#include "base/utf8.h"
#include "db/conn.h"
#include "pager.h"

/*
 * Columns are as wide as their first rows need; a wider value in a later row shifts its own line.
 */
#define MEASURED_ROWS 500
#define COLUMNS_MAX   16

struct table {
	PGresult *measured[MEASURED_ROWS];
	int count;
	int width[COLUMNS_MAX];
	bool flowing; /* the measured rows were printed */
	bool colour;
};

/*
 * Returns the columns that text takes: UTF-8 continuation bytes take none, and wide characters are
 * counted as one.
 */
static int width_of(const char *text)
{
	size_t left = strlen(text);
	int n = 0;

	for (size_t unsafe, step; left; text += step, left -= step) {
		unsafe = show_unsafe(text, left);
		step = unsafe ? unsafe : utf8_length(text, left);
		n += unsafe ? 4 * (int)unsafe : 1;
	}
	return n;
}

void print_safe(FILE *out, const char *text, int width)
{
	show_line(out, "%s%*s", text, width > width_of(text) ? width - width_of(text) : 0, "");
}

void print_field(const char *label, const char *text)
{
	printf("  %-11s ", label);
	print_safe(stdout, text, 0);
	printf("\n");
}

void print_json_string(FILE *out, const char *text)
{
	size_t left;

	if (!text) {
		fputs("null", out);
		return;
	}
	left = strlen(text);
	fputc('"', out);
	for (size_t n; left; text += n, left -= n) {
		n = utf8_length(text, left);
		if (!n) {
			n = 1;
			fprintf(out, "\\\\x%02x", (unsigned char)*text);
		} else if (show_unsafe(text, left)) {
			fprintf(out, "\\u%04x", utf8_decode(text, n));
		} else {
			fputs(*text == '"' || *text == '\\' ? "\\" : "", out);
			fwrite(text, 1, n, out);
		}
	}
	fputc('"', out);
}

void print_json(FILE *out, const char *json)
{
	size_t left = strlen(json);

	/* JSON has only ASCII and white space outside of strings. */
	for (size_t n; left; json += n, left -= n) {
		n = utf8_length(json, left);
		if (!n)
			n = 1;
		else if (!strchr("\n\r\t", *json) && show_unsafe(json, left))
			fprintf(out, "\\u%04x", utf8_decode(json, n));
		else
			fwrite(json, 1, n, out);
	}
}

void print_json_line(const char *json)
{
	print_json(stdout, json);
	fputc('\n', stdout);
}

static int columns(const PGresult *res)
{
	int n = PQnfields(res);
	return n < COLUMNS_MAX ? n : COLUMNS_MAX;
}

static void widen(int *width, const char *text)
{
	int n = width_of(text);
	if (n > *width)
		*width = n;
}

/* Returns the terminal's code for a word that says how a file changed, or "". */
static const char *colour_of(const char *word)
{
	static const struct {
		const char *word, *code;
	} table[] = {
		{"added", "\033[32m"},
		{"removed", "\033[31m"},
		{"renamed", "\033[36m"},
		{"modified", "\033[33m"},
		{"replaced", "\033[35m"},
		{"unlink", "\033[31m"},
		{"rmdir", "\033[31m"},
		{"rename", "\033[36m"},
		{"exchange", "\033[36m"},
		{"create", "\033[32m"},
		{"mkdir", "\033[32m"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(word, table[i].word))
			return table[i].code;
	return "";
}

static void print_row(const struct table *t, const PGresult *res, int row)
{
	int n = columns(res);

	for (int i = 1; i < n; i++) {
		const char *value = PQgetvalue(res, row, i);
		const char *code = t->colour ? colour_of(value) : "";

		fputs(code, stdout);
		print_safe(stdout, value, i < n - 1 ? t->width[i] : 0);
		fputs(*code ? "\033[m" : "", stdout);
		fputs(i < n - 1 ? "  " : "\n", stdout);
	}
}

static void print_header(const struct table *t, const PGresult *res)
{
	int n = columns(res);

	fputs(t->colour ? "\033[1m" : "", stdout);
	for (int i = 1; i < n; i++) {
		print_safe(stdout, PQfname(res, i), i < n - 1 ? t->width[i] : 0);
		fputs(i < n - 1 ? "  " : t->colour ? "\033[m\n" : "\n", stdout);
	}
}

static void flush_measured(struct table *t)
{
	if (t->count)
		print_header(t, t->measured[0]);
	for (int i = 0; i < t->count; i++) {
		print_row(t, t->measured[i], 0);
		PQclear(t->measured[i]);
	}
	t->count = 0;
	t->flowing = true;
}

static void measure(struct table *t, const PGresult *res, int row)
{
	int n = columns(res);

	for (int i = 1; i < n; i++) {
		widen(&t->width[i], PQfname(res, i));
		widen(&t->width[i], PQgetvalue(res, row, i));
	}
}

/* Takes ownership of res, which has one row. */
static void table_row(struct table *t, PGresult *res)
{
	if (t->flowing) {
		print_row(t, res, 0);
		PQclear(res);
		return;
	}
	measure(t, res, 0);
	t->measured[t->count++] = res;
	if (t->count == MEASURED_ROWS)
		flush_measured(t);
}

static void json_row(const PGresult *res, int row, long n)
{
	fputs(n ? ",\n " : "[", stdout);
	print_json(stdout, PQgetvalue(res, row, 0));
}

static bool print_rows(PGconn *conn, struct table *t, bool json, long *rows, struct error *err)
{
	bool ok = true;
	PGresult *res;

	while ((res = PQgetResult(conn))) {
		if (PQresultStatus(res) == PGRES_SINGLE_TUPLE) {
			if (json) {
				json_row(res, 0, *rows);
				PQclear(res);
			} else {
				table_row(t, res);
			}
			++*rows;
			continue;
		}
		if (ok && PQresultStatus(res) != PGRES_TUPLES_OK) {
			ok = false;
			if (!ask_refused(res, err))
				db_error(conn, res, "the database refused a query", err);
		}
		PQclear(res);
	}
	return ok;
}

bool print_query(PGconn *conn, const char *sql, int nparams, const char *const *params, bool json,
	long *rows, struct error *err)
{
	struct table t = {.colour = pager_colour()};
	bool ok;

	*rows = 0;
	if (!PQsendQueryParams(conn, sql, nparams, NULL, params, NULL, NULL, 0))
		return db_error(conn, NULL, "cannot ask the database", err);
	PQsetSingleRowMode(conn);
	ok = print_rows(conn, &t, json, rows, err);
	if (json && (ok || *rows))
		printf(*rows ? "]\n" : "[]\n");
	else if (!t.flowing)
		flush_measured(&t);
	return ok;
}

/* Prints rows that were fetched together, the last one first. */
static void print_reversed(struct table *t, const PGresult *res, bool json)
{
	int n = PQntuples(res);

	for (int row = 0; row < n && !json; row++)
		measure(t, res, row);
	if (n && !json)
		print_header(t, res);
	for (int row = n - 1; row >= 0; row--) {
		if (json)
			json_row(res, row, n - 1 - row);
		else
			print_row(t, res, row);
	}
	if (json)
		printf(n ? "]\n" : "[]\n");
}

bool print_query_reversed(PGconn *conn, const char *sql, int nparams, const char *const *params,
	bool json, long *rows, struct error *err)
{
	struct table t = {.colour = pager_colour()};
	PGresult *res = PQexecParams(conn, sql, nparams, NULL, params, NULL, NULL, 0);
	bool ok = PQresultStatus(res) == PGRES_TUPLES_OK;

	*rows = ok ? PQntuples(res) : 0;
	if (ok)
		print_reversed(&t, res, json);
	else if (!ask_refused(res, err))
		db_error(conn, res, "the database refused a query", err);
	PQclear(res);
	return ok;
}

bool print_list(PGconn *conn, enum stmt stmt, bool json, const char *none, struct error *err)
{
	const char *params[] = {json ? "true" : "false"};
	struct pager pager = {0};
	long rows;
	bool ok;

	if (!json)
		pager_begin(&pager);
	ok = print_query(conn, statements[stmt].text, 1, params, json, &rows, err);
	pager_end(&pager);
	if (!ok)
		return false;
	if (!rows && !json)
		show_line(stderr, "thule: %s\n", none);
	return true;
}
