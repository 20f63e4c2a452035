#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/show.h"
#include "base/utf8.h"
#include "command.h"
#include "db/conn.h"
#include "pager.h"
#include "past.h"
#include "print.h"

enum { OPT_BYTES, OPT_JSON };

static const struct command_option options[] = {
	[OPT_BYTES] = {0, "bytes", NULL, "show byte ranges of a text file as well"},
	[OPT_JSON] = {0, "json", NULL,
		"print a JSON object with the ranges, and the lines of a text file"},
	{0},
};

/* Columns of command_blame. */
enum { JSON, OFF, LEN, OP, TIME, USER, PID, EXE, CMDLINE, COLUMNS };

/* A larger file is shown by ranges: nobody reads so many lines. */
#define TEXT_MAX (16 << 20)

struct blame {
	PGresult *ranges;
	struct buf content; /* empty unless it is text */
	int width[COLUMNS];
	bool colour;
};

/* A line: bytes [off, end) without its newline, and the range that was written last. */
struct line {
	size_t off, end;
	int range; /* -1: nobody wrote it */
};

static bool gather(void *arg, const char *data, size_t len, struct error *err)
{
	struct buf *content = arg;

	if (content->len + len <= TEXT_MAX)
		buf_add(content, data, len);
	else
		content->len = TEXT_MAX + 1;
	return content->len <= TEXT_MAX;
}

/* Leaves the content empty when it is not text. */
static bool read_text(struct past *p, struct blame *b, struct error *err)
{
	*err = (struct error){0};
	if (!past_read(p, p->ino, 0, PAST_WHOLE, gather, &b->content, err) &&
		err->class != ERR_NONE)
		return false;
	if (b->content.len > TEXT_MAX || !utf8_is_text(b->content.data, b->content.len))
		b->content.len = 0;
	return true;
}

static long long number(const struct blame *b, int row, int column)
{
	return strtoll(PQgetvalue(b->ranges, row, column), NULL, 10);
}

/* Finds the next line from `at` on; *first is moved to the first range that may reach into it. */
static struct line next_line(const struct blame *b, size_t at, int *first)
{
	const char *start = b->content.data + at;
	const char *newline = memchr(start, '\n', b->content.len - at);
	size_t end = newline ? at + (size_t)(newline - start) : b->content.len;
	struct line line = {at, end, -1};
	int n = PQntuples(b->ranges);

	while (*first < n && number(b, *first, OFF) + number(b, *first, LEN) <= (long long)at)
		++*first;
	/* The newline belongs to its line: a write that joins two lines overwrites it. */
	for (int i = *first; i < n && number(b, i, OFF) <= (long long)end; i++)
		if (line.range < 0 || number(b, i, OP) > number(b, line.range, OP))
			line.range = i;
	return line;
}

static void measure(struct blame *b)
{
	for (int c = OFF; c < COLUMNS; c++) {
		b->width[c] = (int)strlen(PQfname(b->ranges, c));
		for (int row = 0; row < PQntuples(b->ranges); row++) {
			int n = PQgetlength(b->ranges, row, c);
			if (n > b->width[c])
				b->width[c] = n;
		}
	}
}

static void print_column(const struct blame *b, int row, int column)
{
	const char *value = row == -2 ? PQfname(b->ranges, column)
			    : row < 0 ? ""
				      : PQgetvalue(b->ranges, row, column);
	print_safe(stdout, value, b->width[column]);
	fputs("  ", stdout);
}

static void print_lines(const struct blame *b)
{
	static const int columns[] = {OP, TIME, USER, PID, EXE};
	int first = 0, n = 0;

	for (size_t at = 0; at < b->content.len;) {
		struct line line = next_line(b, at, &first);

		fputs(b->colour ? "\033[33m" : "", stdout);
		for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
			print_column(b, line.range, columns[i]);
		printf("%s%4d  ", b->colour ? "\033[m" : "", ++n);
		b->content.data[line.end] = '\0';
		print_safe(stdout, b->content.data + line.off, 0);
		printf("\n");
		at = line.end + 1;
	}
}

static void print_ranges(const struct blame *b)
{
	for (int row = -2; row < PQntuples(b->ranges); row++) {
		if (row == -1)
			continue;
		fputs(b->colour && row < 0 ? "\033[1m" : "", stdout);
		for (int c = OFF; c < CMDLINE; c++)
			print_column(b, row, c);
		print_safe(stdout,
			row < 0 ? PQfname(b->ranges, CMDLINE) : PQgetvalue(b->ranges, row, CMDLINE),
			0);
		fputs(b->colour && row < 0 ? "\033[m\n" : "\n", stdout);
	}
}

static void print_as_json(const struct past *p, const struct blame *b)
{
	int first = 0, n = 0;

	printf("{\"path\": ");
	print_json_string(stdout, p->path);
	printf(",\n \"ino\": %s,\n \"ranges\": [", p->ino);
	for (int row = 0; row < PQntuples(b->ranges); row++) {
		fputs(row ? ",\n  " : "", stdout);
		print_json(stdout, PQgetvalue(b->ranges, row, JSON));
	}
	printf("],\n \"lines\": ");
	printf(b->content.len ? "[" : "null");
	for (size_t at = 0; at < b->content.len;) {
		struct line line = next_line(b, at, &first);

		b->content.data[line.end] = '\0';
		printf("%s{\"line\": %d, \"off\": %zu, \"op\": %s, \"text\": ", n ? ",\n  " : "",
			n + 1, line.off,
			line.range < 0 ? "null" : PQgetvalue(b->ranges, line.range, OP));
		print_json_string(stdout, b->content.data + line.off);
		printf("}");
		at = line.end + 1;
		n++;
	}
	printf("%s}\n", b->content.len ? "]" : "");
}

static void print(const struct past *p, struct blame *b, const struct arguments *args)
{
	struct pager pager;

	if (args->option[OPT_JSON]) {
		print_as_json(p, b);
		return;
	}
	pager_begin(&pager);
	b->colour = pager_colour();
	measure(b);
	if (b->content.len && !args->option[OPT_BYTES])
		print_lines(b);
	else if (PQntuples(b->ranges))
		print_ranges(b);
	pager_end(&pager);
	if (!PQntuples(b->ranges))
		show_line(stderr,
			"thule: nobody has written to %s: it is empty, or all of it is a hole\n",
			p->path);
}

static int run(const struct arguments *args)
{
	struct blame b = {0};
	struct error err = {0};
	struct past p;
	bool ok;

	if (!past_open(&p, args->operand[0], NULL, true, &err))
		return command_fail(&err);
	ok = !strcmp(p.kind, "file") ||
	     error_set(&err, ERR_NOT_FOUND, "%s is a %s: blame reads regular files only", p.path,
		     p.kind);
	if (ok)
		b.ranges = past_query(&p, statements[STMT_COMMAND_BLAME].text, 3,
			(const char *[]){p.ino, p.op, NULL}, false, &err);
	ok = b.ranges && read_text(&p, &b, &err);
	/* Room for the zero that ends the last line. */
	buf_reserve(&b.content, 1);
	if (ok)
		print(&p, &b, args);
	PQclear(b.ranges);
	buf_free(&b.content);
	past_close(&p);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_blame = {
	.name = "blame",
	.operands = "PATH [--bytes] [--json]",
	.summary = "show who wrote each line or byte range of a file",
	.help = "Each line of a text file is shown with the op that last wrote any byte of\n"
		"it, and with the time, user, pid and program of that op. For other files,\n"
		"and with --bytes, ranges of bytes are shown in the same way, and with the\n"
		"command line. PATH is a path in a mount, or an absolute path from the root\n"
		"of the filesystem.",
	.options = options,
	.operands_min = 1,
	.operands_max = 1,
	.run = run,
};
