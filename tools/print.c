#include "print.h"

#include <string.h>

#include "ask.h"
#include "db/conn.h"
#include "pager.h"

/* Widths of columns are those of the first rows; a later row that is wider pushes its own line. */
#define MEASURED_ROWS 500
#define COLUMNS_MAX   16

struct table {
	PGresult *measured[MEASURED_ROWS];
	int count;
	int width[COLUMNS_MAX];
	bool flowing; /* the measured rows are out */
	bool colour;
};

/* Bytes at `text` that a terminal could obey: a control character, C1 (U+0080 to U+009F) included.
 */
static int control_bytes(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
		return 2;
	return p[0] < ' ' || p[0] == 127;
}

/* Columns that text takes: UTF-8 continuation bytes take none. Wide characters are counted as one.
 */
static int width_of(const char *text)
{
	int n = 0;

	for (int control; *text; text += control ? control : 1) {
		control = control_bytes(text);
		n += control ? 4 * control : ((unsigned char)*text & 0xc0) != 0x80;
	}
	return n;
}

void print_safe(FILE *out, const char *text, int width)
{
	int n = width_of(text);

	while (*text) {
		int control = control_bytes(text);

		if (!control)
			fputc(*text++, out);
		for (; control > 0; control--)
			fprintf(out, "\\x%02x", (unsigned char)*text++);
	}
	for (; n < width; n++)
		fputc(' ', out);
}

void print_json_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if ((unsigned char)*text < ' ' || *text == 127)
			fprintf(out, "\\u%04x", (unsigned char)*text);
		else
			fputc(*text, out);
	}
	fputc('"', out);
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

/* The terminal's code for words that say what happened to a file, or "". */
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

static void print_row(const struct table *t, const PGresult *res)
{
	int n = columns(res);

	for (int i = 1; i < n; i++) {
		const char *value = PQgetvalue(res, 0, i);
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
		print_row(t, t->measured[i]);
		PQclear(t->measured[i]);
	}
	t->count = 0;
	t->flowing = true;
}

/* Takes ownership of res, which has one row. */
static void table_row(struct table *t, PGresult *res)
{
	int n = columns(res);

	if (t->flowing) {
		print_row(t, res);
		PQclear(res);
		return;
	}
	for (int i = 1; i < n; i++) {
		widen(&t->width[i], PQfname(res, i));
		widen(&t->width[i], PQgetvalue(res, 0, i));
	}
	t->measured[t->count++] = res;
	if (t->count == MEASURED_ROWS)
		flush_measured(t);
}

static void json_row(PGresult *res, long n)
{
	printf("%s%s", n ? ",\n " : "[", PQgetvalue(res, 0, 0));
	PQclear(res);
}

static bool drain(PGconn *conn, struct table *t, bool json, long *rows, struct error *err)
{
	bool ok = true;
	PGresult *res;

	while ((res = PQgetResult(conn))) {
		if (PQresultStatus(res) == PGRES_SINGLE_TUPLE) {
			if (json)
				json_row(res, *rows);
			else
				table_row(t, res);
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
	ok = drain(conn, &t, json, rows, err);
	if (json && (ok || *rows))
		printf(*rows ? "]\n" : "[]\n");
	else if (!t.flowing)
		flush_measured(&t);
	return ok;
}

bool print_list(PGconn *conn, enum stmt stmt, bool json, const char *none, struct error *err)
{
	const char *params[] = {json ? "true" : "false"};
	long rows;

	if (!print_query(conn, statements[stmt].text, 1, params, json, &rows, err))
		return false;
	if (!rows && !json)
		fprintf(stderr, "thule: %s\n", none);
	return true;
}
