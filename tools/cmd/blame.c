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
#include "patch/match.h"
#include "print.h"

enum { OPT_BYTES, OPT_INODE, OPT_JSON };

static const struct command_option options[] = {
	[OPT_BYTES] = {0, "bytes", NULL, "show byte ranges of a text file as well"},
	[OPT_INODE] = {0, "inode", NULL, "only this inode, not those in whose place it was saved"},
	[OPT_JSON] = {0, "json", NULL,
		"print a JSON object with the ranges, and the lines of a text file"},
	{0},
};

/* Columns of command_blame. */
enum { JSON, OFF, LEN, OP, TIME, USER, PID, EXE, CMDLINE, COLUMNS };

/* Columns of command_chain. */
enum { STEP, INO, STATE, KEPT, PRUNED };

/* A larger file is shown by ranges: nobody reads so many lines. */
#define TEXT_MAX (16 << 20)

/* So many saves are looked at. */
#define EARLIER_MAX 1000

/* A line: bytes [off, end) without its newline, and the range that was written last. */
struct line {
	size_t off, end;
	const PGresult *ranges;
	int range; /* -1: nobody wrote it */
};

/* An inode as of an op. */
struct version {
	PGresult *ranges;
	struct buf content; /* empty unless it is text */
	struct line *lines;
	int count;
};

struct blame {
	struct version now;
	PGresult *chain;
	struct version *earlier; /* those in whose place it came, as far as they were looked at */
	int steps;
	int width[COLUMNS];
	bool colour;
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

static long long number(const struct version *v, int row, int column)
{
	return strtoll(PQgetvalue(v->ranges, row, column), NULL, 10);
}

/* Finds the next line from `at` on; *first is moved to the first range that may reach into it. */
static struct line next_line(const struct version *v, size_t at, int *first)
{
	const char *start = v->content.data + at;
	const char *newline = memchr(start, '\n', v->content.len - at);
	size_t end = newline ? at + (size_t)(newline - start) : v->content.len;
	struct line line = {at, end, v->ranges, -1};
	int n = PQntuples(v->ranges);

	while (*first < n && number(v, *first, OFF) + number(v, *first, LEN) <= (long long)at)
		++*first;
	/* The newline belongs to its line: a write that joins two lines overwrites it. */
	for (int i = *first; i < n && number(v, i, OFF) <= (long long)end; i++)
		if (line.range < 0 || number(v, i, OP) > number(v, line.range, OP))
			line.range = i;
	return line;
}

static void find_lines(struct version *v)
{
	int first = 0, room = 0;

	for (size_t at = 0; at < v->content.len; at = v->lines[v->count++].end + 1) {
		if (v->count == room) {
			room = room ? 2 * room : 64;
			v->lines = xrealloc(v->lines, (size_t)room * sizeof(*v->lines));
		}
		v->lines[v->count] = next_line(v, at, &first);
	}
}

/* Leaves the content empty when it is not text. */
static bool read_version(
	struct past *p, const char *ino, const char *op, struct version *v, struct error *err)
{
	v->ranges = past_query(p, statements[STMT_COMMAND_BLAME].text, 3,
		(const char *[]){ino, op, NULL}, false, err);
	if (!v->ranges)
		return false;
	*err = (struct error){0};
	if (!past_read_as_of(p, ino, op, 0, PAST_WHOLE, gather, &v->content, err) &&
		err->class != ERR_NONE)
		return false;
	if (v->content.len > TEXT_MAX || !utf8_is_text(v->content.data, v->content.len))
		v->content.len = 0;
	/* Room for the zero that ends the last line. */
	buf_reserve(&v->content, 1);
	find_lines(v);
	return true;
}

static void free_version(struct version *v)
{
	PQclear(v->ranges);
	buf_free(&v->content);
	free(v->lines);
}

/*
 * Looks up the lines that an earlier version has as well: was[i] is the number of line i in the
 * version after it, -1 where it was new by then. Returns how many are left.
 */
static int look_up(struct blame *b, const struct version *after, const struct version *v, int *was,
	struct error *err)
{
	int *match = xcalloc((size_t)after->count + 1, sizeof(int)), left = 0;
	bool ok = match_lines(&v->content, &after->content, match, after->count, err);

	for (int i = 0; ok && i < b->now.count; i++) {
		was[i] = was[i] < 0 ? -1 : match[was[i]];
		if (was[i] < 0)
			continue;
		b->now.lines[i].ranges = v->ranges;
		b->now.lines[i].range = v->lines[was[i]].range;
		left++;
	}
	free(match);
	return ok ? left : -1;
}

/* Says where lines may be older than they are said to be. */
static void tell_end(const struct blame *b, int row)
{
	if (row == EARLIER_MAX)
		show_line(stderr, "thule: only the last %d saves were looked at\n", EARLIER_MAX);
	else if (row < PQntuples(b->chain) ? *PQgetvalue(b->chain, row, KEPT) != 't'
					   : *PQgetvalue(b->chain, row - 1, PRUNED) == 't')
		show_line(stderr,
			"thule: what was in place of this file before was pruned: its lines count "
			"as those of who saved it\n");
}

/* Goes through the inodes in whose place the file was saved, while they have lines of it. */
static bool go_back(struct past *p, struct blame *b, struct error *err)
{
	int *was = xcalloc((size_t)b->now.count + 1, sizeof(int)), left = b->now.count, row = 1;
	struct version *after = &b->now;
	int rows = PQntuples(b->chain);

	b->earlier = xcalloc((size_t)rows + 1, sizeof(*b->earlier));
	for (int i = 0; i < b->now.count; i++)
		was[i] = i;
	for (; left > 0 && row < rows && row < EARLIER_MAX; row++) {
		struct version *v = &b->earlier[b->steps];

		/* One in between may be another's, who is not told of it. */
		if (atoi(PQgetvalue(b->chain, row, STEP)) != row ||
			*PQgetvalue(b->chain, row, KEPT) != 't')
			break;
		b->steps++;
		if (!read_version(p, PQgetvalue(b->chain, row, INO),
			    PQgetvalue(b->chain, row, STATE), v, err)) {
			left = -1;
			break;
		}
		left = look_up(b, after, v, was, err);
		/* Two contents are in memory besides the one that is printed. */
		if (after != &b->now)
			buf_free(&after->content);
		after = v;
	}
	free(was);
	if (left > 0)
		tell_end(b, row);
	return left >= 0;
}

static void measure(struct blame *b, const PGresult *ranges)
{
	for (int c = OFF; c < COLUMNS; c++) {
		int n = (int)strlen(PQfname(ranges, c));

		b->width[c] = n > b->width[c] ? n : b->width[c];
		for (int row = 0; row < PQntuples(ranges); row++) {
			n = PQgetlength(ranges, row, c);
			b->width[c] = n > b->width[c] ? n : b->width[c];
		}
	}
}

static void print_column(const struct blame *b, const PGresult *ranges, int row, int column)
{
	const char *value = row == -2 ? PQfname(ranges, column)
			    : row < 0 ? ""
				      : PQgetvalue(ranges, row, column);
	print_safe(stdout, value, b->width[column]);
	fputs("  ", stdout);
}

static void print_lines(struct blame *b)
{
	static const int columns[] = {OP, TIME, USER, PID, EXE};

	for (int i = 0; i < b->now.count; i++) {
		const struct line *line = &b->now.lines[i];

		fputs(b->colour ? "\033[33m" : "", stdout);
		for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++)
			print_column(b, line->ranges, line->range, columns[c]);
		printf("%s%4d  ", b->colour ? "\033[m" : "", i + 1);
		b->now.content.data[line->end] = '\0';
		print_safe(stdout, b->now.content.data + line->off, 0);
		printf("\n");
	}
}

static void print_ranges(const struct blame *b)
{
	const PGresult *ranges = b->now.ranges;

	for (int row = -2; row < PQntuples(ranges); row++) {
		if (row == -1)
			continue;
		fputs(b->colour && row < 0 ? "\033[1m" : "", stdout);
		for (int c = OFF; c < CMDLINE; c++)
			print_column(b, ranges, row, c);
		print_safe(stdout,
			row < 0 ? PQfname(ranges, CMDLINE) : PQgetvalue(ranges, row, CMDLINE), 0);
		fputs(b->colour && row < 0 ? "\033[m\n" : "\n", stdout);
	}
}

static void print_json_ranges(const PGresult *ranges)
{
	printf("\"ranges\": [");
	for (int row = 0; row < PQntuples(ranges); row++) {
		fputs(row ? ",\n  " : "", stdout);
		print_json(stdout, PQgetvalue(ranges, row, JSON));
	}
	printf("]");
}

static void print_as_json(const struct past *p, const struct blame *b)
{
	printf("{\"path\": ");
	print_json_string(stdout, p->path);
	printf(",\n \"ino\": %s,\n ", p->ino);
	print_json_ranges(b->now.ranges);
	printf(",\n \"lines\": ");
	printf(b->now.content.len ? "[" : "null");
	for (int i = 0; i < b->now.count; i++) {
		const struct line *line = &b->now.lines[i];

		b->now.content.data[line->end] = '\0';
		printf("%s{\"line\": %d, \"off\": %zu, \"op\": ", i ? ",\n  " : "", i + 1,
			line->off);
		fputs(line->range < 0 ? "null" : PQgetvalue(line->ranges, line->range, OP), stdout);
		printf(", \"text\": ");
		print_json_string(stdout, b->now.content.data + line->off);
		printf("}");
	}
	printf("%s,\n \"earlier\": [", b->now.content.len ? "]" : "");
	for (int i = 0; i < b->steps; i++) {
		fputs(i ? ",\n  {\"ino\": " : "{\"ino\": ", stdout);
		fputs(PQgetvalue(b->chain, i + 1, INO), stdout);
		printf(", ");
		print_json_ranges(b->earlier[i].ranges);
		printf("}");
	}
	printf("]}\n");
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
	measure(b, b->now.ranges);
	for (int i = 0; i < b->steps; i++)
		measure(b, b->earlier[i].ranges);
	if (b->now.content.len && !args->option[OPT_BYTES])
		print_lines(b);
	else if (PQntuples(b->now.ranges))
		print_ranges(b);
	pager_end(&pager);
	if (!PQntuples(b->now.ranges))
		show_line(stderr,
			"thule: nobody has written to %s: it is empty, or all of it is a hole\n",
			p->path);
}

static bool blame(struct past *p, struct blame *b, const struct arguments *args, struct error *err)
{
	if (strcmp(p->kind, "file"))
		return error_set(err, ERR_NOT_FOUND, "%s is a %s: blame reads regular files only",
			p->path, p->kind);
	if (!read_version(p, p->ino, p->op, &b->now, err))
		return false;
	if (!args->option[OPT_INODE] && !args->option[OPT_BYTES] && b->now.count) {
		b->chain = past_query(p, statements[STMT_COMMAND_CHAIN].text, 4,
			(const char *[]){p->ino, p->path, p->op, NULL}, false, err);
		if (!b->chain || !go_back(p, b, err))
			return false;
	}
	print(p, b, args);
	return true;
}

static int run(const struct arguments *args)
{
	struct blame b = {0};
	struct error err = {0};
	struct past p;
	bool ok;

	if (!past_open(&p, args->operand[0], NULL, true, &err))
		return command_fail(&err);
	ok = blame(&p, &b, args, &err);
	for (int i = 0; i < b.steps; i++)
		free_version(&b.earlier[i]);
	free(b.earlier);
	free_version(&b.now);
	PQclear(b.chain);
	past_close(&p);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_blame = {
	.name = "blame",
	.operands = "PATH [--bytes] [--inode] [--json]",
	.summary = "show who wrote each line or byte range of a file",
	.help = "Each line of a text file is shown with the op that last wrote any byte of\n"
		"it, and with the time, user, pid and program of that op. For other files,\n"
		"and with --bytes, ranges of bytes are shown in the same way, and with the\n"
		"command line. PATH is a path in a mount, or an absolute path from the root\n"
		"of the filesystem.\n"
		"\n"
		"Where the file was saved as a new one, another inode, in place of an older one,\n"
		"lines that the older one had are those of who wrote them there, as far back as\n"
		"it is known. The program `diff` says which these are.",
	.options = options,
	.operands_min = 1,
	.operands_max = 1,
	.run = run,
};
