#include "journal_show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/proc_text.h"
#include "journal/record.h"
#include "journal/ring.h"
#include "journal_paths.h"
#include "journal_seen.h"
#include "print.h"

static const char *const kinds[] = {
	[OP_CREATE] = "create",
	[OP_MKDIR] = "mkdir",
	[OP_MKNOD] = "mknod",
	[OP_SYMLINK] = "symlink",
	[OP_LINK] = "link",
	[OP_UNLINK] = "unlink",
	[OP_RMDIR] = "rmdir",
	[OP_RENAME] = "rename",
	[OP_EXCHANGE] = "exchange",
	[OP_WRITE] = "write",
	[OP_TRUNCATE] = "truncate",
	[OP_CHMOD] = "chmod",
	[OP_CHOWN] = "chown",
	[OP_UTIMENS] = "utimens",
	[OP_SETATTR] = "setattr",
	[OP_FORGET] = "forget",
	[OP_SETXATTR] = "setxattr",
	[OP_REMOVEXATTR] = "removexattr",
	[OP_MKFS] = "mkfs",
	[OP_FALLOCATE] = "fallocate",
	[OP_COPY_RANGE] = "copy_range",
	[OP_SETFLAGS] = "setflags",
};

static const char *kind_name(const struct record *r)
{
	const char *name = r->kind < sizeof(kinds) / sizeof(kinds[0]) ? kinds[r->kind] : NULL;

	return name ? name : "?";
}

/* A process that the journal names: it does so with the first op of each. */
struct actor {
	uint64_t id;
	int32_t pid;
	uint32_t uid;
	char *program, *command; /* escaped */
};

struct show {
	struct ring *ring;
	struct buf record; /* a copy: a daemon that lives may use its room again */
	struct actor *actors;
	size_t actor_count;
	struct journal_paths *paths;
	uint64_t from; /* ops before it are not shown */
	void (*print)(struct show *s, const struct record *r);
	uint64_t op; /* whose bytes are wanted */
	bool found;  /* it is there; or for JSON, an op was printed */
};

static char *text_of(struct bytes b)
{
	char *text = proc_escape(b.len ? b.data : "", b.len);

	if (!text)
		abort();
	return text;
}

static void note_actors(struct show *s, const struct record *r)
{
	for (unsigned int i = 0; i < r->change_count; i++) {
		const struct actor_image *a = &r->changes[i].actor;

		if (r->changes[i].type != CHANGE_ACTOR)
			continue;
		s->actors = xrealloc(s->actors, (s->actor_count + 1) * sizeof(s->actors[0]));
		s->actors[s->actor_count++] = (struct actor){
			.id = a->id,
			.pid = a->pid,
			.uid = a->uid,
			.program = text_of(a->text[ACTOR_COMM]),
			.command = text_of(a->text[ACTOR_CMDLINE]),
		};
	}
}

static const struct actor *find_actor(const struct show *s, uint64_t id)
{
	for (size_t i = s->actor_count; i > 0; i--)
		if (s->actors[i - 1].id == id)
			return &s->actors[i - 1];
	return NULL;
}

/* --- lines --- */

/* Returns the path of a name in a directory, escaped, or of the inode where there is none; NULL: it
 * is not known. free() it. */
static char *path_of(const struct show *s, uint64_t ino, uint64_t parent, struct bytes name)
{
	char *above = journal_paths_of(s->paths, parent ? parent : ino), *text, *path = NULL;

	if (!above || !parent)
		return above;
	text = text_of(name);
	/* The root ends with a slash. */
	if (asprintf(&path, "%s/%s", above[1] ? above : "", text) < 0)
		abort();
	free(above);
	free(text);
	return path;
}

static void print_name(const struct show *s, uint64_t parent, struct bytes name)
{
	char *text = path_of(s, 0, parent, name);

	if (!text) {
		text = text_of(name);
		printf("%" PRIu64 "/", parent);
	}
	print_safe(stdout, text, 0);
	free(text);
}

static void print_path(const struct show *s, uint64_t ino)
{
	char *text = journal_paths_of(s->paths, ino);

	if (text) {
		printf("  ");
		print_safe(stdout, text, 0);
	}
	free(text);
}

static void print_line(struct show *s, const struct record *r)
{
	const struct actor *a = find_actor(s, r->actor);
	time_t at = (time_t)(r->at / 1000000);
	char text[64];
	struct tm tm;

	localtime_r(&at, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	printf("op:%" PRIu64 "  %s  %-11s inode %" PRIu64, r->op, text, kind_name(r), r->ino);
	if (r->parent) {
		printf("  ");
		print_name(s, r->parent, r->name);
	} else {
		print_path(s, r->ino);
	}
	if (r->new_parent) {
		printf(" -> ");
		print_name(s, r->new_parent, r->new_name);
	}
	if (r->off >= 0)
		printf("  at %" PRId64, r->off);
	if (r->len >= 0)
		printf(", %" PRId64 " bytes", r->len);
	if (a) {
		printf("  by ");
		print_safe(stdout, a->program, 0);
		printf("[%d] of uid %u", a->pid, a->uid);
	} else {
		printf("  by actor %" PRIu64, r->actor);
	}
	printf("\n");
}

/* --- JSON --- */

static void print_text_json(const char *label, struct bytes b, bool present)
{
	char *text = text_of(b);

	printf(", \"%s\": ", label);
	print_json_string(stdout, present ? text : NULL);
	free(text);
}

static void print_number_json(const char *label, int64_t n, int64_t absent)
{
	if (n == absent)
		printf(", \"%s\": null", label);
	else
		printf(", \"%s\": %" PRId64, label, n);
}

static void print_path_json(const char *label, char *path)
{
	printf(", \"%s\": ", label);
	print_json_string(stdout, path);
	free(path);
}

static void print_object(struct show *s, const struct record *r)
{
	const struct actor *a = find_actor(s, r->actor);

	printf("%s\n  {\"op\": %" PRIu64 ", \"at\": %.6f, \"kind\": \"%s\", \"ino\": %" PRIu64,
		s->found ? "," : "", r->op, (double)r->at / 1e6, kind_name(r), r->ino);
	s->found = true;
	print_number_json("parent", (int64_t)r->parent, 0);
	print_text_json("name", r->name, r->parent != 0);
	print_number_json("new_parent", (int64_t)r->new_parent, 0);
	print_text_json("new_name", r->new_name, r->new_parent != 0);
	print_path_json("path", path_of(s, r->ino, r->parent, r->name));
	print_path_json(
		"new_path", r->new_parent ? path_of(s, 0, r->new_parent, r->new_name) : NULL);
	print_number_json("offset", r->off, -1);
	print_number_json("length", r->len, -1);
	print_text_json("tag", r->tag, r->tag.len != 0);
	printf(", \"actor\": {\"id\": %" PRIu64, r->actor);
	print_number_json("pid", a ? a->pid : -1, -1);
	print_number_json("uid", a ? (int64_t)a->uid : -1, -1);
	printf(", \"program\": ");
	print_json_string(stdout, a ? a->program : NULL);
	printf(", \"command\": ");
	print_json_string(stdout, a ? a->command : NULL);
	printf("}}");
}

/* --- bytes --- */

static void print_bytes(struct show *s, const struct record *r)
{
	if (r->op != s->op)
		return;
	s->found = true;
	for (unsigned int i = 0; i < r->change_count; i++)
		if (r->changes[i].type == CHANGE_EXTENT)
			fwrite(r->changes[i].extent.data.data, 1, r->changes[i].extent.data.len,
				stdout);
}

/* --- the file --- */

/* Decodes a copy of the record at `bytes`; returns its size, 0 when it is none. */
static size_t decode(struct show *s, const void *bytes, size_t avail, struct record *r)
{
	uint32_t size;

	if (avail < sizeof(size))
		return 0;
	memcpy(&size, bytes, sizeof(size));
	if (size > avail)
		return 0;
	s->record.len = 0;
	buf_add(&s->record, bytes, size);
	return record_decode(s->record.data, size, r);
}

/* Calls s->print for each op. False with *err set at the first record that is none. */
static bool walk(struct show *s, struct error *err)
{
	uint64_t pos = ring_tail(s->ring), before = ring_tail_op(s->ring);
	const void *bytes;
	size_t avail;

	while ((bytes = ring_at(s->ring, &pos, &avail))) {
		struct record r;
		size_t n = decode(s, bytes, avail, &r);

		/* What a daemon has brought to the database meanwhile has no need to be shown. */
		if (ring_tail(s->ring) > pos) {
			pos = ring_tail(s->ring);
			before = ring_tail_op(s->ring);
			continue;
		}
		if (!n || !record_is_possible(&r))
			return error_set(err, ERR_CORRUPT,
				"%s cannot be read further: the record after op:%" PRIu64
				" is damaged, and of what follows up to op:%" PRIu64
				" nothing can be told",
				ring_name(s->ring), before, ring_head_op(s->ring));
		note_actors(s, &r);
		journal_paths_note(s->paths, &r);
		if (r.kind != OP_NONE && r.op >= s->from)
			s->print(s, &r);
		before = r.op;
		pos += n;
	}
	return true;
}

static void show_free(struct show *s)
{
	ring_close(s->ring);
	buf_free(&s->record);
	journal_paths_free(s->paths);
	for (size_t i = 0; i < s->actor_count; i++) {
		free(s->actors[i].program);
		free(s->actors[i].command);
	}
	free(s->actors);
}

static bool open_journal(
	const char *path, struct show *s, struct ring_peek *peek, struct error *err)
{
	if (!ring_peek(path, peek, err))
		return false;
	s->ring = ring_view(path, err);
	s->paths = journal_paths_new();
	s->from = peek->kept_from;
	return s->ring != NULL;
}

static void print_head_json(const char *path, const struct ring_peek *peek)
{
	printf("{\"file\": ");
	print_json_string(stdout, path);
	printf(", \"filesystem\": ");
	print_json_string(stdout, peek->uuid);
	printf(", \"database\": %u, \"server\": ", peek->database);
	print_json_string(stdout, peek->server);
	print_number_json("kept_from", (int64_t)peek->kept_from, 0);
	printf(", \"refused\": ");
	journal_seen_refusal_json(peek);
	printf(", \"ops\": [");
}

static void print_nothing(struct show *s, const struct record *r)
{
}

/* What is damaged is said when it is printed. */
static bool ask_paths(struct show *s, PGconn *conn, struct error *err)
{
	void (*print)(struct show *, const struct record *) = s->print;

	s->print = print_nothing;
	walk(s, NULL);
	s->print = print;
	return journal_paths_ask(s->paths, conn, err);
}

bool journal_show(const char *path, PGconn *conn, bool json, struct error *err)
{
	struct show s = {.print = json ? print_object : print_line};
	char text[3 * RING_REFUSED_MAX];
	struct ring_peek peek;
	bool ok;

	if (!open_journal(path, &s, &peek, err) || (conn && !ask_paths(&s, conn, err))) {
		show_free(&s);
		return false;
	}
	if (json) {
		print_head_json(path, &peek);
	} else if (*peek.refused) {
		journal_seen_refusal(&peek, text, sizeof(text));
		printf("refused ");
		print_safe(stdout, text, 0);
		printf("\n");
	}
	ok = walk(&s, err);
	if (json) {
		printf("%s], \"damaged\": ", s.found ? "\n" : "");
		print_json_string(stdout, ok ? NULL : err->text);
		printf("}\n");
	}
	show_free(&s);
	return ok;
}

bool journal_show_bytes(const char *path, uint64_t op, struct error *err)
{
	struct show s = {.print = print_bytes, .op = op};
	struct ring_peek peek;
	bool ok;

	if (!open_journal(path, &s, &peek, err)) {
		show_free(&s);
		return false;
	}
	ok = walk(&s, err) || s.found;
	if (ok && !s.found)
		ok = error_set(err, ERR_NOT_FOUND, "%s has no op:%" PRIu64, path, op);
	show_free(&s);
	return ok;
}
