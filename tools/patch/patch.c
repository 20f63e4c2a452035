#include "patch/patch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/show.h"
#include "pager.h"
#include "patch/content.h"
#include "patch/lines.h"
#include "patch/name.h"

#define CONTEXT_LINES 3

/* Columns of thule_internal.patch_files: those of a side, twice. */
enum { NAME, INO, MODE, SIZE, TARGET, LACKS, SIDE_COLUMNS, SAME = 2 * SIDE_COLUMNS };

/* The mode of a file of which only the name is known. */
#define MODE_UNKNOWN (S_IFREG | 0644)

/* A file as it was at one end. */
struct side {
	bool there;
	struct bytes name; /* to PQfreemem() */
	const char *ino, *op;
	unsigned int mode;
	uint64_t size;
	struct bytes target;
	const char *lacks; /* why its bytes cannot be told, or NULL */
	struct content content;
};

/* A file at both ends. */
struct change {
	struct side old, new;
	bool same; /* it has the same bytes */
};

/* What there is to say of bytes. */
enum verdict { NO_CHANGE, LINES, BINARY, NOT_COMPARED };

struct patch patch_begin(struct past *past, bool counts)
{
	return (struct patch){.past = past,
		.counts = counts,
		.people = pager_terminal(),
		.colour = pager_colour()};
}

static struct bytes bytes_of(const PGresult *files, int row, int column)
{
	size_t len = 0;
	unsigned char *data = NULL;

	if (!PQgetisnull(files, row, column))
		data = PQunescapeBytea((unsigned char *)PQgetvalue(files, row, column), &len);
	return (struct bytes){data, (uint32_t)len};
}

static void take_side(struct side *s, const PGresult *files, int row, int first, const char *op)
{
	const char *mode = PQgetvalue(files, row, first + MODE);

	s->there = !PQgetisnull(files, row, first + NAME);
	s->name = bytes_of(files, row, first + NAME);
	s->ino = PQgetvalue(files, row, first + INO);
	s->op = op;
	s->mode = *mode ? (unsigned int)strtoul(mode, NULL, 10) : MODE_UNKNOWN;
	/* As git has it: that of a link means nothing. */
	if (S_ISLNK(s->mode))
		s->mode = S_IFLNK;
	s->size = strtoull(PQgetvalue(files, row, first + SIZE), NULL, 10);
	s->target = bytes_of(files, row, first + TARGET);
	s->lacks = PQgetisnull(files, row, first + LACKS) ? NULL
							  : PQgetvalue(files, row, first + LACKS);
}

static void free_side(struct side *s)
{
	PQfreemem((void *)s->name.data);
	PQfreemem((void *)s->target.data);
	content_free(&s->content);
}

static bool read_side(struct side *s, struct past *past, struct error *err)
{
	if (!s->there || s->lacks)
		return true;
	if (S_ISLNK(s->mode)) {
		buf_add(&s->content.bytes, s->target.data, s->target.len);
		return true;
	}
	if (!content_read(&s->content, past, s->ino, s->op, s->size, err))
		return false;
	if (s->content.large)
		s->lacks = "are more than 16 MiB";
	return true;
}

/* Reads what has to be compared. Returns false with *err set. */
static bool judge(struct change *c, struct past *past, enum verdict *verdict, struct error *err)
{
	*verdict = NO_CHANGE;
	if (c->same)
		return true;
	if (!read_side(&c->old, past, err) || !read_side(&c->new, past, err))
		return false;
	if (c->old.lacks || c->new.lacks)
		*verdict = NOT_COMPARED;
	else if (content_same(&c->old.content, &c->new.content))
		*verdict = NO_CHANGE;
	else
		*verdict = content_is_text(&c->old.content) && content_is_text(&c->new.content)
				   ? LINES
				   : BINARY;
	return true;
}

static bool renamed(const struct change *c)
{
	return c->old.there && c->new.there &&
	       (c->old.name.len != c->new.name.len ||
		       memcmp(c->old.name.data, c->new.name.data, c->old.name.len) != 0);
}

/* --- printing --- */

/* Prints a line of text with its newline, if it has one. Tabs do not steer a terminal. */
static void put_line(const struct patch *p, const char *colour, const char *text, size_t len)
{
	bool newline = len && text[len - 1] == '\n';

	if (!p->people) {
		fwrite(text, 1, len, stdout);
		return;
	}
	len -= newline;
	fputs(p->colour ? colour : "", stdout);
	for (size_t n; len; text += n, len -= n) {
		const char *tab = memchr(text, '\t', len);

		n = tab ? (size_t)(tab - text) : len;
		show_line(stdout, "%.*s", (int)n, text);
		if (tab)
			putchar('\t');
		n += tab != NULL;
	}
	fputs(p->colour && *colour ? "\033[m" : "", stdout);
	if (newline)
		putchar('\n');
}

static void put_header(const struct patch *p, struct buf *line)
{
	buf_add(line, "\n", 1);
	put_line(p, "\033[1m", line->data, line->len);
	buf_reset(line);
}

static void add_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

static void add_name(struct buf *b, char side, const struct side *s)
{
	name_add(b, side, s->name.data, s->name.len);
}

static void put_file(const struct patch *p, const char *label, char letter, const struct side *s)
{
	struct buf line = {0};

	add_text(&line, label);
	if (s->there)
		add_name(&line, letter, s);
	else
		add_text(&line, "/dev/null");
	put_header(p, &line);
	buf_free(&line);
}

static void put_mode(const struct patch *p, struct buf *line, const char *label, unsigned int mode)
{
	char text[64];

	snprintf(text, sizeof(text), "%s mode %06o", label, mode);
	add_text(line, text);
	put_header(p, line);
}

/* Git's extended header. */
static void put_headers(const struct patch *p, const struct change *c)
{
	const struct side *old = c->old.there ? &c->old : &c->new;
	const struct side *new = c->new.there ? &c->new : &c->old;
	struct buf line = {0};

	add_text(&line, "diff --git ");
	add_name(&line, 'a', old);
	add_text(&line, " ");
	add_name(&line, 'b', new);
	put_header(p, &line);
	if (!c->old.there)
		put_mode(p, &line, "new file", new->mode);
	else if (!c->new.there)
		put_mode(p, &line, "deleted file", old->mode);
	else if (old->mode != new->mode) {
		put_mode(p, &line, "old", old->mode);
		put_mode(p, &line, "new", new->mode);
	}
	if (renamed(c)) {
		add_text(&line, "rename from ");
		add_name(&line, 0, old);
		put_header(p, &line);
		add_text(&line, "rename to ");
		add_name(&line, 0, new);
		put_header(p, &line);
	}
	buf_free(&line);
}

static void add_differing(struct buf *line, char letter, const struct side *s)
{
	if (!s->there) {
		add_text(line, "/dev/null");
		return;
	}
	add_name(line, letter, s);
	if (s->lacks) {
		add_text(line, ", whose bytes ");
		add_text(line, s->lacks);
		add_text(line, ",");
	}
}

/* Says of two files only that they differ. git apply knows such a line by its first and last word.
 */
static void put_differing(const struct patch *p, const struct change *c, const char *begin)
{
	struct buf line = {0};

	add_text(&line, begin);
	add_differing(&line, 'a', &c->old);
	add_text(&line, " and ");
	add_differing(&line, 'b', &c->new);
	add_text(&line, " differ");
	put_header(p, &line);
	buf_free(&line);
}

static bool put_change(void *arg, const char *text, size_t len, struct error *err)
{
	const char *colour = *text == '+'   ? "\033[32m"
			     : *text == '-' ? "\033[31m"
			     : *text == '@' ? "\033[36m"
					    : "";

	(void)err;
	put_line(arg, colour, text, len);
	return true;
}

/*
 * Git's index line, where the patch needs one: patch(1) removes no empty file without it, and git
 * apply, which refuses binary files, leaves a changed one out in silence. Of an empty file it has
 * git's own id; else there is none of git's, and it is the number of the op.
 */
static void put_index(const struct patch *p, const struct change *c, enum verdict verdict)
{
	const struct side *sides[] = {&c->old, &c->new};
	struct buf line = {0};
	char id[24];

	if (verdict == LINES || (verdict == NO_CHANGE && c->old.there && c->new.there))
		return;
	add_text(&line, "index ");
	for (int i = 0; i < 2; i++) {
		snprintf(id, sizeof(id), "%07llx", strtoull(sides[i]->op, NULL, 10));
		add_text(&line, !sides[i]->there       ? "0000000"
				: verdict == NO_CHANGE ? "e69de29"
						       : id);
		add_text(&line, i ? "" : "..");
	}
	put_header(p, &line);
	buf_free(&line);
}

static bool print_patch(
	struct patch *p, const struct change *c, enum verdict verdict, struct error *err)
{
	put_headers(p, c);
	put_index(p, c, verdict);
	if (verdict == BINARY)
		put_differing(p, c, "Binary files ");
	if (verdict == NOT_COMPARED)
		put_differing(p, c, "Files ");
	if (verdict != LINES)
		return true;
	put_file(p, "--- ", 'a', &c->old);
	put_file(p, "+++ ", 'b', &c->new);
	return lines_compare(
		&c->old.content.bytes, &c->new.content.bytes, CONTEXT_LINES, put_change, p, err);
}

struct counts {
	long added, removed;
};

static bool count(void *arg, const char *text, size_t len, struct error *err)
{
	struct counts *n = arg;

	(void)len;
	(void)err;
	n->added += *text == '+';
	n->removed += *text == '-';
	return true;
}

static bool print_counts(
	struct patch *p, const struct change *c, enum verdict verdict, struct error *err)
{
	const struct side *s = c->new.there ? &c->new : &c->old;
	const char *lacks = c->old.lacks ? c->old.lacks : c->new.lacks;
	struct counts n = {0};
	struct buf line = {0};
	char text[100];
	bool ok = verdict != LINES ||
		  lines_compare(&c->old.content.bytes, &c->new.content.bytes, 0, count, &n, err);

	if (verdict == LINES)
		snprintf(text, sizeof(text), "+%ld -%ld lines", n.added, n.removed);
	else if (verdict == NO_CHANGE && renamed(c))
		snprintf(text, sizeof(text), "renamed");
	else if (lacks && !c->old.content.large && !c->new.content.large)
		snprintf(text, sizeof(text), "bytes %s", lacks);
	else if (verdict == NO_CHANGE && c->old.there && c->new.there)
		snprintf(text, sizeof(text), "mode %04o -> %04o", c->old.mode & 07777,
			c->new.mode & 07777);
	else
		snprintf(text, sizeof(text), "%llu -> %llu bytes", (unsigned long long)c->old.size,
			(unsigned long long)c->new.size);
	add_text(&line, " ");
	if (renamed(c)) {
		add_name(&line, 0, &c->old);
		add_text(&line, " => ");
	}
	add_name(&line, 0, s);
	add_text(&line, " | ");
	add_text(&line, text);
	add_text(&line, "\n");
	if (ok)
		put_line(p, "", line.data, line.len);
	buf_free(&line);
	return ok;
}

static bool print_change(struct patch *p, struct change *c, struct error *err)
{
	enum verdict verdict;

	if (!judge(c, p->past, &verdict, err))
		return false;
	if (verdict == NO_CHANGE && c->old.there && c->new.there && c->old.mode == c->new.mode &&
		!renamed(c))
		return true;
	p->files++;
	return (p->counts ? print_counts : print_patch)(p, c, verdict, err);
}

/*
 * Says whether a change is better told as a file that went and one that came: a file in place of a
 * link, as in git, and a link with another target, since patch(1) knows links by `deleted file
 * mode` and `new file mode` alone.
 */
static bool is_two(const struct change *c)
{
	const struct bytes *old = &c->old.target, *new = &c->new.target;

	if (!c->old.there || !c->new.there)
		return false;
	return (c->old.mode & S_IFMT) != (c->new.mode &S_IFMT) ||
	       (S_ISLNK(c->old.mode) &&
		       (old->len != new->len || memcmp(old->data, new->data, old->len) != 0));
}

static bool print_row(struct patch *p, struct change *c, struct error *err)
{
	struct change gone = {.old = c->old}, come = {.new = c->new};
	bool ok;

	if (!is_two(c))
		return print_change(p, c, err);
	ok = print_change(p, &gone, err) && print_change(p, &come, err);
	content_free(&gone.old.content);
	content_free(&come.new.content);
	return ok;
}

bool patch_print(struct patch *patch, const PGresult *files, const char *from, const char *to,
	struct error *err)
{
	bool ok = true;

	for (int row = 0; ok && row < PQntuples(files); row++) {
		struct change c = {.same = *PQgetvalue(files, row, SAME) == 't'};

		take_side(&c.old, files, row, 0, from);
		take_side(&c.new, files, row, SIDE_COLUMNS, to);
		ok = print_row(patch, &c, err);
		free_side(&c.old);
		free_side(&c.new);
	}
	return ok;
}
