#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "array.h"
#include "ask.h"
#include "base/buf.h"
#include "base/show.h"
#include "command.h"
#include "db/conn.h"
#include "door.h"
#include "follow.h"
#include "pager.h"
#include "past.h"
#include "patch/runs.h"
#include "print.h"
#include "pruned.h"
#include "sync.h"
#include "target.h"

/* What a terminal shows of a log, unless a number is asked for. */
#define SHOWN_MAX 1000

enum {
	OPT_SINCE,
	OPT_UNTIL,
	OPT_USER,
	OPT_PID,
	OPT_EXE,
	OPT_TAG,
	OPT_KIND,
	OPT_COUNT,
	OPT_ALL,
	OPT_ALONE,
	OPT_INODE,
	OPT_REVERSE,
	OPT_PATCH,
	OPT_STAT,
	OPT_JSON,
	OPT_FOLLOW
};

static const struct command_option options[] = {
	[OPT_SINCE] = {0, "since", "T", "changes at or after this instant"},
	[OPT_UNTIL] = {0, "until", "T", "changes at or before this instant"},
	[OPT_USER] = {0, "user", "U", "by this user, a name or a uid"},
	[OPT_PID] = {0, "pid", "P", "by this process"},
	[OPT_EXE] = {0, "exe", "E", "by this program, a path or its last part"},
	[OPT_TAG] = {0, "tag", "G", "with this tag"},
	[OPT_KIND] = {0, "kind", "K", "of this kind: create, write, rename, unlink, ..."},
	[OPT_COUNT] = {'n', NULL, "N", "only the newest N, as -N does", .digits = true},
	[OPT_ALL] = {'a', "all", NULL, "all of it; a terminal shows the newest 1000"},
	[OPT_ALONE] = {'d', "directory", NULL,
		"of a directory, only what was done to itself, not below it"},
	[OPT_INODE] = {0, "inode", NULL,
		"of a file, only this inode, not those in whose place it was saved"},
	[OPT_REVERSE] = {0, "reverse", NULL, "print the oldest of them first"},
	[OPT_PATCH] = {'p', "patch", NULL,
		"print what each run of changes did to files, as patches"},
	[OPT_STAT] = {0, "stat", NULL, "print how many lines or bytes each file gained and lost"},
	[OPT_JSON] = {0, "json", NULL, "print a JSON array, or with --follow one object a line"},
	[OPT_FOLLOW] = {'f', "follow", NULL,
		"print changes as they are made, oldest first, and do not end"},
	{0},
};

/* Where the parameters of both statements are that are filled in elsewhere. */
enum {
	PARAM_LIMIT = 7,
	PARAM_JSON = 8,
	PARAM_TEXTS = 9,
	PARAM_BYTES = 10,
	PARAM_ALONE,
	PARAM_EARLIER
};

/* What is asked: command_log, or command_log_path of paths. */
struct question {
	enum stmt stmt;
	/* In the order of the statement's; the last one is for the door to fill. */
	const char *params[15];
	int nparams;
	struct buf texts, bytes; /* the paths, as arrays */
	char count[24];
};

/*
 * Tells about other files that had the path before: they have logs of their own.
 */
static bool tell_others(
	PGconn *conn, const struct target *t, const struct question *q, struct error *err)
{
	struct past_path path = past_path(t);
	const char *asked[] = {path.text, path.bytes, q->params[1], q->params[PARAM_EARLIER], NULL};
	PGresult *res = ask(conn, STMT_COMMAND_LOG_BEFORE, 5, asked, err);
	bool ok = res != NULL;

	if (ok && !PQgetisnull(res, 0, 0))
		show_line(stderr,
			"thule: until op:%s another file had this path: --until op:%s shows its "
			"log\n",
			PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 0));
	if (ok && !PQgetisnull(res, 0, 1))
		show_line(stderr,
			"thule: which file had this path before that is not known: names were "
			"pruned "
			"until op:%s\n",
			PQgetvalue(res, 0, 1));
	PQclear(res);
	free(path.bytes);
	return ok;
}

/* Tells about steps of the clock, since times that go back look like a mistake of the log. */
static bool tell_steps(PGconn *conn, const char *since, const char *until, struct error *err)
{
	const char *params[] = {since, until};
	PGresult *res = ask(conn, STMT_COMMAND_LOG_STEPS, 2, params, err);

	for (int i = 0; res && i < PQntuples(res); i++)
		show_line(stderr,
			"thule: the clock was set back just before op:%s: from %s to %s\n",
			PQgetvalue(res, i, 0), PQgetvalue(res, i, 1), PQgetvalue(res, i, 2));
	PQclear(res);
	return res != NULL;
}

static bool check_instants(PGconn *conn, const struct arguments *args, struct error *err)
{
	const char *params[] = {args->option[OPT_SINCE], args->option[OPT_UNTIL]};
	PGresult *res = ask(conn, STMT_COMMAND_INSTANTS, 2, params, err);

	PQclear(res);
	return res != NULL;
}

/* Refuses a user, tag or kind that never was: it is mistyped, and its log would be empty. */
static bool check_names(PGconn *conn, const struct arguments *args, bool synced, struct error *err)
{
	const char *params[] = {
		args->option[OPT_USER], args->option[OPT_TAG], args->option[OPT_KIND], NULL};
	PGresult *res = ask(conn, STMT_COMMAND_LOG_UNKNOWN, 4, params, err);
	bool ok = res && PQgetisnull(res, 0, 0);

	if (res && !ok && !synced && !door_behind(conn)) {
		/* Who has just begun may not be in the database yet. */
		PQclear(res);
		sync_database(conn, NULL);
		return check_names(conn, args, true, err);
	}
	if (res && !ok)
		error_set(err, *PQgetvalue(res, 0, 1) == 't' ? ERR_USAGE : ERR_NOT_FOUND, "%s",
			PQgetvalue(res, 0, 0));
	PQclear(res);
	return ok;
}

/* Returns how many changes are printed at most, as text; NULL: all. */
static const char *limit_of(const struct arguments *args, char text[24])
{
	if (args->option[OPT_COUNT] || args->option[OPT_ALL] || args->option[OPT_JSON] ||
		!isatty(STDOUT_FILENO))
		return args->option[OPT_COUNT];
	snprintf(text, 24, "%d", SHOWN_MAX);
	return text;
}

/* Returns false when nothing is named, or the root with everything below it. */
static bool names_part(const struct target *t, bool alone)
{
	const char *path = *t->typed_path ? t->typed_path : t->path;

	return path[strspn(path, "/")] || (*path && alone);
}

/* Sets *until to the end of the log: the one that was typed, or the instant of the paths. */
static bool find_end(const struct arguments *args, const struct target *t, int paths,
	const char **until, struct error *err)
{
	if (!target_instant(t, args->option[OPT_UNTIL], until, err))
		return false;
	for (int i = 1; i < paths; i++)
		if (strcmp(t->at, t[i].at))
			return error_set(err, ERR_USAGE,
				"the paths are of several instants: ask for one after the other");
	return true;
}

/* Puts the question together, of what was done until then. A path that names all makes it one about
 * all. */
static void make(struct question *q, const struct arguments *args, const struct target *t,
	int paths, const char *until)
{
	bool alone = args->option[OPT_ALONE], by_path = paths > 0;

	for (int i = 0; i < paths; i++)
		by_path = by_path && names_part(&t[i], alone);
	*q = (struct question){.stmt = by_path ? STMT_COMMAND_LOG_PATH : STMT_COMMAND_LOG,
		.params = {args->option[OPT_SINCE], until, args->option[OPT_USER],
			args->option[OPT_PID], args->option[OPT_EXE], args->option[OPT_TAG],
			args->option[OPT_KIND]},
		.nparams = by_path ? 15 : 11};
	q->params[PARAM_LIMIT] = limit_of(args, q->count);
	q->params[PARAM_JSON] = args->option[OPT_JSON] ? "true" : "false";
	if (!by_path)
		return;
	for (int i = 0; i < paths; i++) {
		struct past_path path = past_path(&t[i]);

		array_add(path.text ? &q->texts : &q->bytes, path.text ? path.text : path.bytes);
		free(path.bytes);
	}
	q->params[PARAM_TEXTS] = q->texts.data;
	q->params[PARAM_BYTES] = q->bytes.data;
	q->params[PARAM_ALONE] = alone ? "true" : "false";
	q->params[PARAM_EARLIER] = args->option[OPT_INODE] ? "false" : "true";
}

/* Prints rows, or runs with patches. Sets *rows to the number of changes. */
static bool print_changes(PGconn *conn, const struct arguments *args, const struct question *q,
	long *rows, struct error *err)
{
	struct past past = {.conn = conn};
	struct patch patch;

	if (!args->option[OPT_PATCH] && !args->option[OPT_STAT])
		return (args->option[OPT_REVERSE] ? print_query_reversed : print_query)(conn,
			statements[q->stmt].text, q->nparams, q->params, args->option[OPT_JSON],
			rows, err);
	patch = patch_begin(&past, !args->option[OPT_PATCH]);
	return past_snapshot(conn, err) && runs_print(&patch,
						   &(struct runs){.stmt = q->stmt,
							   .params = q->params,
							   .nparams = q->nparams,
							   .limit = PARAM_LIMIT,
							   .below = q->nparams - 2,
							   .reverse = args->option[OPT_REVERSE]},
						   rows, err);
}

static bool print(PGconn *conn, const struct arguments *args, const struct target *t, int paths,
	struct error *err)
{
	bool json = args->option[OPT_JSON];
	struct pager pager = {0};
	struct question q;
	const char *until;
	long rows;
	bool ok;

	if (!find_end(args, t, paths, &until, err))
		return false;
	make(&q, args, t, paths, until);
	if (!json)
		pager_begin(&pager);
	ok = print_changes(conn, args, &q, &rows, err);
	pager_end(&pager);
	if (ok && q.params[PARAM_LIMIT] == q.count && rows == SHOWN_MAX)
		show_line(stderr,
			"thule: these are the newest %d changes: -n N shows another number, "
			"--all shows all\n",
			SHOWN_MAX);
	if (ok && !args->option[OPT_COUNT])
		ok = pruned_tell(conn, args->option[OPT_SINCE], err);
	if (ok && !json)
		ok = tell_steps(conn, args->option[OPT_SINCE], until, err);
	if (ok && paths == 1 && q.stmt == STMT_COMMAND_LOG_PATH && !json)
		ok = tell_others(conn, t, &q, err);
	buf_free(&q.texts);
	buf_free(&q.bytes);
	if (ok && rows == 0 && !json)
		show_line(stderr, "thule: the log has no such change%s\n",
			door_behind(conn) ? " to your files" : "");
	return ok;
}

static int run_follow(const struct arguments *args)
{
	const struct follow wanted = {.since = args->option[OPT_SINCE],
		.user = args->option[OPT_USER],
		.pid = args->option[OPT_PID],
		.exe = args->option[OPT_EXE],
		.tag = args->option[OPT_TAG],
		.kind = args->option[OPT_KIND],
		.json = args->option[OPT_JSON]};
	struct error err = {0};
	struct target t;
	bool ok = false;

	if (args->option[OPT_UNTIL] || args->option[OPT_COUNT] || args->option[OPT_REVERSE] ||
		args->option[OPT_ALONE] || args->option[OPT_INODE] || args->option[OPT_PATCH] ||
		args->option[OPT_STAT] || args->operands > 1)
		error_set(&err, ERR_USAGE,
			"--follow does not end, and is of all below one PATH: leave out --until, "
			"-n, --reverse, -d, --inode, --patch and --stat");
	else if (arguments_check_number("--pid", args->option[OPT_PID], &err) &&
		 target_find(args->operand[0], &t, &err))
		ok = follow(&t, &wanted, &err);
	return ok ? EXIT_DONE : command_fail(&err);
}

/* Finds what the paths name, which must be in one filesystem; of no path, where we are. */
static bool find_all(const struct arguments *args, struct target *t, struct error *err)
{
	if (!target_find_past(args->operand[0], t, err))
		return false;
	for (int i = 1; i < args->operands; i++) {
		if (!target_find_past(args->operand[i], &t[i], err))
			return false;
		if (!target_same(t, &t[i]))
			return error_set(err, ERR_USAGE,
				"%s and %s are not in the same mount and database: ask for one "
				"after "
				"the other",
				args->operand[0], args->operand[i]);
	}
	return true;
}

/* Refuses what says two things at once. */
static bool check_options(const struct arguments *args, struct error *err)
{
	if ((args->option[OPT_PATCH] || args->option[OPT_STAT]) && args->option[OPT_JSON])
		return error_set(
			err, ERR_USAGE, "--patch and --stat are for people: leave out --json");
	if (args->option[OPT_PATCH] && args->option[OPT_STAT])
		return error_set(err, ERR_USAGE, "give either --patch or --stat");
	return arguments_check_number("-n", args->option[OPT_COUNT], err) &&
	       arguments_check_number("--pid", args->option[OPT_PID], err);
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	struct target *t;
	PGconn *conn = NULL;
	bool ok;

	if (args->option[OPT_FOLLOW])
		return run_follow(args);
	t = xcalloc((size_t)args->operands + 1, sizeof(*t));
	if (check_options(args, &err) && find_all(args, t, &err))
		conn = target_ask(t, &err);
	/* The names in a path may be younger than the last batch; the door commits by itself. */
	if (conn && *t->path && !door_behind(conn))
		sync_database(conn, NULL);
	ok = conn && check_instants(conn, args, &err) && check_names(conn, args, false, &err) &&
	     print(conn, args, t, args->operands, &err);
	PQfinish(conn);
	free(t);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_log = {
	.name = "log",
	.operands = "[PATH...] [SELECTORS] [-n N | --all] [--reverse] [--patch | --stat | --json]",
	.summary = "list changes and who made them, newest first",
	.help = "PATH is a path in a mount, or an absolute path from the root of the\n"
		"filesystem. The log is then that of this file, through all its renames, and\n"
		"through all its saves: programs save a file as a new one, another inode, which\n"
		"is renamed over it or takes its name. The log says where that was.\n"
		"Where several files had the path, it is that of the last one, or with\n"
		"--until that of the last one before then. The log of a directory is that of\n"
		"everything below it. Of several paths it is one log.\n"
		"\n"
		"With --patch or --stat, changes that one process made to the same files, with\n"
		"nobody else's in between, are one entry, which says what they did together.\n"
		"\n" HELP_PATCH "\n\n"
		"To resume with --follow, give --since op:N, where N is one more than the\n"
		"last op that you have.\n"
		"\n"
		"On root's mount, users see the changes to their own files.\n"
		"\n" HELP_INSTANT,
	.options = options,
	.operands_max = INT_MAX,
	.run = run,
};
