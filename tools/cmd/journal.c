#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/path.h"
#include "base/private.h"
#include "base/show.h"
#include "command.h"
#include "daemon.h"
#include "db/schema.h"
#include "journal/ring.h"
#include "journal_seen.h"
#include "journal_show.h"
#include "mounts.h"
#include "print.h"
#include "target.h"

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
	if (*peek->refused) {
		char text[3 * RING_REFUSED_MAX];

		journal_seen_refusal(peek, text, sizeof(text));
		printf("  refused ");
		print_safe(stdout, text, 0);
		printf("\n");
	}
	return true;
}

/* --- which journal is meant --- */

struct search {
	char path[PATH_MAX];
	const char *uuid; /* of the filesystem; NULL: any */
	int count;
};

static bool match(void *arg, const char *path, const struct ring_peek *peek)
{
	struct search *s = arg;

	if (!peek->bytes_used || (s->uuid && strcmp(peek->uuid, s->uuid) != 0))
		return true;
	snprintf(s->path, sizeof(s->path), "%s", path);
	s->count++;
	return true;
}

/* Finds the one journal that has ops, of a filesystem or of any. */
static bool find_only(const char *uuid, char path[static PATH_MAX], struct error *err)
{
	struct search s = {.uuid = uuid};

	ring_visit(match, &s);
	if (s.count == 1) {
		snprintf(path, PATH_MAX, "%s", s.path);
		return true;
	}
	if (!s.count)
		return error_set(err, ERR_NOT_FOUND,
			"no journal of this user on this host has ops that wait for the database");
	return error_set(err, ERR_USAGE,
		"%d journals of this user have ops: name the file of one, see `thule journal list`",
		s.count);
}

static bool is_source(const char *word)
{
	return private_source(word, NULL) || strchr(word, '=') || strstr(word, "://");
}

/* Asks the database of a connection string for the filesystem that it has. */
static bool find_of_source(const char *source, char path[static PATH_MAX], struct error *err)
{
	struct target *t = xcalloc(1, sizeof(*t));
	PGconn *conn = NULL;
	struct superblock sb;
	bool ok;

	setenv("THULE_DB", source, 1);
	if (target_find_running(NULL, t, err))
		conn = target_connect(t, err);
	ok = conn && schema_superblock(conn, &sb, err) && find_only(sb.uuid, path, err);
	PQfinish(conn);
	free(t);
	return ok;
}

static bool find_of_mount(
	const struct mount_point *m, char path[static PATH_MAX], struct error *err)
{
	pid_t pid = daemon_by_connection(m);
	struct ring_peek peek;

	return (pid && daemon_journal(pid, path, &peek)) ||
	       error_set(err, ERR_NOT_FOUND,
		       "the journal of the mount at %s cannot be seen: its daemon is gone, shows "
		       "the past, or is another user's; `thule journal list` names those of this "
		       "user",
		       m->dir);
}

/* Finds what `word` names: nothing, a connection string, the root of a mount, or a file. */
static bool find(const char *word, char path[static PATH_MAX], struct error *err)
{
	struct ring_peek peek;
	struct mount_point m;

	if (!word)
		return find_only(NULL, path, err);
	if (is_source(word))
		return find_of_source(word, path, err);
	/* Before anything touches it: it may wait for its database. */
	if (mounts_find_root(word, &m, NULL))
		return find_of_mount(&m, path, err);
	return path_format(path, PATH_MAX, err, "%s", word) && ring_peek(path, &peek, err);
}

/* Of a journal that the user has put elsewhere. */
static bool list_kept(const struct mount_point *m, void *arg)
{
	pid_t pid = daemon_by_connection(m);
	char path[PATH_MAX];
	struct ring_peek peek;

	if (pid && m->whole && daemon_journal(pid, path, &peek))
		ring_visit_kept(path, list_one, arg);
	return true;
}

/* --- the database of a journal --- */

struct owner {
	const char *uuid;
	struct mount_point mount;
	bool found;
};

static bool match_owner(const struct mount_point *m, void *arg)
{
	struct owner *o = arg;
	pid_t pid = daemon_by_connection(m);
	char path[PATH_MAX];
	struct ring_peek peek;

	o->found = pid && daemon_journal(pid, path, &peek) && !strcmp(peek.uuid, o->uuid);
	if (o->found)
		o->mount = *m;
	return !o->found;
}

/* Connects to the database of the filesystem of a journal: that of a mount of it, or the one that
 * THULE_DB names. NULL with *err set. */
static PGconn *connect_of(const char *path, struct error *err)
{
	struct target *t = xcalloc(1, sizeof(*t));
	struct ring_peek peek;
	struct superblock sb;
	struct owner o = {.uuid = peek.uuid};
	PGconn *conn = NULL;

	if (ring_peek(path, &peek, err)) {
		mounts_visit(match_owner, &o, NULL);
		if (o.found ? target_of_mount(&o.mount, t, err) : target_find_running(NULL, t, err))
			conn = target_connect(t, err);
	}
	free(t);
	if (!conn || (schema_superblock(conn, &sb, err) && !strcmp(sb.uuid, peek.uuid)))
		return conn;
	if (!err->class)
		error_set(err, ERR_USAGE,
			"%s is of filesystem %s, and this database has %s: name its own in "
			"THULE_DB",
			path, peek.uuid, sb.uuid);
	PQfinish(conn);
	return NULL;
}

/* --- the command --- */

static int list(void)
{
	int count = 0;

	ring_visit(list_one, &count);
	mounts_visit(list_kept, &count, NULL);
	if (!count)
		show_line(stderr, "thule: this user has no journals on this host\n");
	return EXIT_DONE;
}

enum { LIST, SHOW };

static const struct command_verb verbs[] = {
	[LIST] = {"list", NULL, 0, 0}, [SHOW] = {"show", "[FILE|DIR|DB] [op:N]", 0, 2}, {0}};

enum { OPT_JSON, OPT_PATHS };

static const struct command_option options[] = {
	[OPT_JSON] = {0, "json", NULL, "print the ops as an object of JSON"},
	[OPT_PATHS] = {0, "paths", NULL, "ask the database for paths"},
	{0},
};

static bool read_op(const char *text, uint64_t *op)
{
	int end = 0;

	return sscanf(text, "op:%" SCNu64 "%n", op, &end) == 1 && !text[end] && *op;
}

static bool show(const char *path, bool paths, bool json, struct error *err)
{
	PGconn *conn = paths ? connect_of(path, err) : NULL;
	bool ok = (!paths || conn) && journal_show(path, conn, json, err);

	PQfinish(conn);
	return ok;
}

static int run(const struct arguments *args)
{
	const char *word = args->operands > 1 ? args->operand[1] : NULL;
	const char *text = args->operands > 2 ? args->operand[2] : NULL;
	bool json = args->option[OPT_JSON] != NULL, ok;
	bool paths = args->option[OPT_PATHS] != NULL;
	char path[PATH_MAX];
	struct error err = {0};
	uint64_t op = 0;

	if (args->verb == LIST && !json && !paths)
		return list();
	if (args->verb == LIST)
		ok = error_set(&err, ERR_USAGE, "--json and --paths are for `thule journal show`");
	else if (text && !read_op(text, &op))
		ok = error_set(&err, ERR_USAGE, "%s is not an op: write it as op:17", text);
	else if (op && (json || paths))
		ok = error_set(&err, ERR_USAGE,
			"op:N prints bytes, and --json and --paths ops: give one of them");
	else
		ok = find(word, path, &err) &&
		     (op ? journal_show_bytes(path, op, &err) : show(path, paths, json, &err));
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_journal = {
	.name = "journal",
	.operands = "list | show [FILE|DIR|DB] [op:N]",
	.summary = "show the journals on this host: changes not yet on the database's disk",
	.help = "A journal keeps the changes that a mount has acknowledged, until they are on\n"
		"the database's disk. `show` prints the ops in a journal, oldest first, with the\n"
		"error where the database refuses them, and with op:N the bytes that this op\n"
		"wrote. It is that of a FILE, that of the mount of DIR, the one that was left\n"
		"of the filesystem in DB, or else the only one of this user that has ops. No\n"
		"database is asked, but for DB, and with --paths for the paths of what was\n"
		"there before; else the journal tells those of what it has named itself. Of a\n"
		"damaged journal it prints all that is before the damage, and fails.\n"
		"\n"
		"A file with -kept- in its name has the changes that a mount had acknowledged\n"
		"and not committed when another one wrote. They are in no database; the file is\n"
		"yours to read and to remove. The log, `thule status` and `list` name it.",
	.verbs = verbs,
	.options = options,
	.operands_min = 1,
	.operands_max = 3,
	.operands_text = 1,
	.pages = true,
	.run = run,
};
