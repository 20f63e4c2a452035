#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/show.h"
#include "command.h"
#include "db/conn.h"
#include "door.h"
#include "pager.h"
#include "past.h"
#include "patch/patch.h"
#include "print.h"

enum { OPT_PATCH, OPT_STAT, OPT_JSON };

static const struct command_option options[] = {
	[OPT_PATCH] = {'p', "patch", NULL, "print what differs in the files, as a patch"},
	[OPT_STAT] = {0, "stat", NULL,
		"print only the numbers of files and bytes, and who changed them"},
	[OPT_JSON] = {0, "json", NULL, "print a JSON array"},
	{0},
};

/* Refuses a path that never existed: it is mistyped, and its difference would be empty. */
static bool check_path(
	struct past *p, const struct arguments *args, const char *const *params, struct error *err)
{
	const char *path[] = {params[0], params[1], params[2], params[3], NULL};
	PGresult *res;
	bool ok;

	if (!params[2] && !params[3])
		return true;
	res = past_query(p, statements[STMT_COMMAND_DIFF_PATH].text, 5, path, false, err);
	ok = res && *PQgetvalue(res, 0, 0) == 't';
	if (res && !ok)
		error_set(err, ERR_NOT_FOUND, "there was no %s, neither at %s nor at %s",
			PQgetvalue(res, 0, 1), args->operand[0], args->operand[1]);
	PQclear(res);
	return ok;
}

/* Sets *files to the number of files in the patch. */
static bool print_patch(struct past *p, const char *const *params, long *files, struct error *err)
{
	const char *asked[] = {params[0], params[1], params[2], params[3], NULL};
	struct patch patch = patch_begin(p, false);
	PGresult *res =
		past_query(p, statements[STMT_COMMAND_DIFF_PATCH].text, 5, asked, false, err);
	bool ok = res && patch_print(&patch, res, params[0], params[1], err);

	PQclear(res);
	*files = patch.files;
	return ok;
}

static bool print(
	struct past *p, const struct arguments *args, const char *const *params, struct error *err)
{
	enum stmt stmt = args->option[OPT_STAT] ? STMT_COMMAND_DIFF_STAT : STMT_COMMAND_DIFF;
	bool json = args->option[OPT_JSON];
	struct pager pager = {0};
	long rows;
	bool ok;

	if (!json)
		pager_begin(&pager);
	ok = args->option[OPT_PATCH]
		     ? print_patch(p, params, &rows, err)
		     : print_query(p->conn, statements[stmt].text, 6, params, json, &rows, err);
	pager_end(&pager);
	if (ok && rows == 0 && !json)
		show_line(stderr, "thule: nothing differs%s\n",
			door_behind(p->conn)      ? " in your files"
			: args->option[OPT_PATCH] ? " in files and links"
						  : "");
	return ok;
}

/*
 * Asks for the ops at FROM and TO once, so that all queries mean the same instants and the planner
 * knows how many ops lie in between. Every error of the functions appears here, before anything is
 * printed. Returns the row, to PQclear(), or NULL with *err set.
 */
static PGresult *find_ops(struct past *p, const struct arguments *args, struct error *err)
{
	const char *params[] = {args->operand[0], args->operand[1]};

	return past_query(p, statements[STMT_COMMAND_DIFF_OPS].text, 2, params, false, err);
}

/*
 * Tells about files whose own past was pruned: they cannot be compared, and would look as if they
 * had not existed.
 */
static bool tell_pruned(struct past *p, const char *const *params, struct error *err)
{
	const char *path[] = {params[0], params[1], params[2], params[3], NULL};
	PGresult *res =
		past_query(p, statements[STMT_COMMAND_DIFF_PRUNED].text, 5, path, false, err);
	bool ok = res != NULL;
	const char *files = ok ? PQgetvalue(res, 0, 0) : "0";

	if (strcmp(files, "0"))
		show_line(stderr,
			"thule: %s file%s, with everything in %s, cannot be compared: pruned "
			"before %s\n",
			files, strcmp(files, "1") ? "s" : "", strcmp(files, "1") ? "them" : "it",
			PQgetvalue(res, 0, 1));
	PQclear(res);
	return ok;
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	struct past_path typed;
	PGresult *ops;
	struct past p;
	bool ok = false;

	if (args->option[OPT_PATCH] && (args->option[OPT_STAT] || args->option[OPT_JSON])) {
		error_set(&err, ERR_USAGE,
			"--patch is for people and for patch(1): leave out --stat and --json");
		return command_fail(&err);
	}
	if (!past_connect(&p, args->operand[2], &err))
		return command_fail(&err);
	ops = find_ops(&p, args, &err);
	if (ops) {
		typed = past_path(&p.target);
		const char *params[] = {PQgetvalue(ops, 0, 0), PQgetvalue(ops, 0, 1), typed.text,
			typed.bytes, args->option[OPT_JSON] ? "true" : "false", NULL};
		ok = check_path(&p, args, params, &err) && tell_pruned(&p, params, &err) &&
		     print(&p, args, params, &err);
		free(typed.bytes);
		PQclear(ops);
	}
	past_close(&p);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_diff = {
	.name = "diff",
	.operands = "FROM TO [PATH] [--patch | --stat | --json]",
	.summary = "show the differences between two instants, and who made them",
	.help = "FROM and TO are times (2024-05-01 12:00), ages (10min, 2 days), `now`, op:N\n"
		"or names of snapshots. With the later one first, the differences are those\n"
		"of the way back. PATH is a path in a mount, or an absolute path from the\n"
		"root of the filesystem.\n"
		"\n"
		"A file is added, removed, renamed, modified, or replaced by another file of\n"
		"the same name. Of a renamed or modified file, content, mode, owner, mtime,\n"
		"flags or xattr differ. The content of a renamed directory is not listed\n"
		"again. User and program are those of the last change.\n"
		"\n" HELP_PATCH,
	.options = options,
	.operands_min = 2,
	.operands_max = 3,
	.operands_text = 2,
	.run = run,
};
