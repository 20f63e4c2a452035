#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/show.h"
#include "command.h"
#include "journal/record.h"
#include "journal/ring.h"
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

static bool list_one(void *arg, const char *path, const struct ring_peek *peek)
{
	int *count = arg;

	++*count;
	print_safe(stdout, path, 0);
	printf("\n  filesystem %s, database %u of the server ", peek->uuid, peek->database);
	print_safe(stdout, peek->server, 0);
	printf("\n  %llu MiB, ", (unsigned long long)peek->bytes_size >> 20);
	if (!peek->bytes_used)
		printf("empty\n");
	else
		printf("op:%" PRIu64 " to op:%" PRIu64 "%s\n",
			peek->kept_from ? peek->kept_from : peek->tail_op + 1, peek->head_op,
			peek->kept_from ? ", which are in no database" : "");
	return true;
}

static void print_name(uint64_t parent, struct bytes name)
{
	char *text = strndup(name.data ? name.data : "", name.len);

	printf("%" PRIu64 "/", parent);
	if (text)
		print_safe(stdout, text, 0);
	free(text);
}

static void print_record(const struct record *r)
{
	const char *kind = r->kind < sizeof(kinds) / sizeof(kinds[0]) ? kinds[r->kind] : NULL;
	time_t at = (time_t)(r->at / 1000000);
	char text[64];
	struct tm tm;

	localtime_r(&at, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	printf("op:%" PRIu64 "  %s  %-11s inode %" PRIu64, r->op, text, kind ? kind : "?", r->ino);
	if (r->parent) {
		printf("  ");
		print_name(r->parent, r->name);
	}
	if (r->new_parent) {
		printf(" -> ");
		print_name(r->new_parent, r->new_name);
	}
	if (r->off >= 0)
		printf("  at %" PRId64, r->off);
	if (r->len >= 0)
		printf(", %" PRId64 " bytes", r->len);
	printf("\n");
}

static void print_bytes(const struct record *r)
{
	for (unsigned int i = 0; i < r->change_count; i++)
		if (r->changes[i].type == CHANGE_EXTENT)
			fwrite(r->changes[i].extent.data.data, 1, r->changes[i].extent.data.len,
				stdout);
}

/* Prints all ops, or the bytes that one op wrote (`op` not 0). */
static bool show(const char *path, uint64_t op, struct error *err)
{
	struct ring *ring = ring_view(path, err);
	bool found = !op, ok = true;
	const void *bytes;
	uint64_t pos;
	size_t avail;

	if (!ring)
		return false;
	pos = ring_tail(ring);
	while (ok && (bytes = ring_at(ring, &pos, &avail))) {
		struct record r;
		size_t n = record_decode(bytes, avail, &r);

		if (!n) {
			ok = error_set(err, ERR_CORRUPT,
				"%s cannot be read further: the next record is damaged", path);
			break;
		}
		if (r.kind != OP_NONE && !op)
			print_record(&r);
		if (r.kind != OP_NONE && r.op == op) {
			print_bytes(&r);
			found = true;
		}
		pos += n;
	}
	ring_close(ring);
	if (ok && !found)
		return error_set(err, ERR_NOT_FOUND, "%s has no op:%" PRIu64, path, op);
	return ok;
}

static int list(void)
{
	int count = 0;

	ring_visit(list_one, &count);
	if (!count)
		show_line(stderr, "thule: this user has no journals on this host\n");
	return EXIT_DONE;
}

enum { LIST, SHOW };

static const struct command_verb verbs[] = {
	[LIST] = {"list", NULL, 0, 0}, [SHOW] = {"show", "FILE [op:N]", 1, 2}, {0}};

static int run(const struct arguments *args)
{
	const char *text = args->operands == 3 ? args->operand[2] : NULL;
	struct error err = {0};
	unsigned long long op = 0;
	int end = 0;
	bool ok;

	if (args->verb == LIST)
		return list();
	if (text && (sscanf(text, "op:%llu%n", &op, &end) != 1 || text[end] || !op))
		ok = error_set(&err, ERR_USAGE, "%s is not an op: write it as op:17", text);
	else
		ok = show(args->operand[1], op, &err);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_journal = {
	.name = "journal",
	.operands = "list | show FILE [op:N]",
	.summary = "show the journals on this host: changes not yet on the database's disk",
	.help = "A journal keeps the changes that a mount has acknowledged, until they are on\n"
		"the database's disk. `show` prints the ops in a journal, and with op:N the\n"
		"bytes that this op wrote.\n"
		"\n"
		"A file with -kept- in its name has the changes of a mount whose filesystem\n"
		"another mount took over. They are in no database; the file is yours to read\n"
		"and to remove.",
	.verbs = verbs,
	.operands_min = 1,
	.operands_max = 3,
	.operands_text = 1,
	.pages = true,
	.run = run,
};
