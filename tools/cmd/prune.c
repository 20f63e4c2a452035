#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "base/show.h"
#include "base/size.h"
#include "command.h"
#include "db/conn.h"
#include "db/disk.h"
#include "hex.h"
#include "request.h"
#include "target.h"
#include "vacuum.h"

/* Versions of one kind in a transaction: a second of work on a slow disk, and little to lose. */
#define STEP_ROWS "5000"

/* On a disk that is nearly full: deleting one writes up to 128 KiB to the server's log. */
#define TIGHT_ROWS "100"

/* Inodes in one transaction of `thule prune PATH`. */
#define STEP_INODES "500"

enum {
	OPT_KEEP,
	OPT_BEFORE,
	OPT_MAX_SIZE,
	OPT_OPS,
	OPT_DRY_RUN,
	OPT_PROGRESS,
	OPT_JSON,
	OPT_QUIET
};

static const struct command_option options[] = {
	[OPT_KEEP] = {0, "keep", "AGE", "keep history that is younger: 90d, 12 hours"},
	[OPT_BEFORE] = {0, "before", "T", "keep every state since this instant"},
	[OPT_MAX_SIZE] = {0, "max-size", "SIZE",
		"keep the newest history, up to this many bytes of old content: 10G"},
	[OPT_OPS] = {0, "ops", NULL, "delete the log as well, which says who did what"},
	[OPT_DRY_RUN] = {0, "dry-run", NULL, "print what would be deleted, and delete nothing"},
	[OPT_PROGRESS] = {0, "progress", NULL,
		"show progress, even when standard error is not a terminal"},
	[OPT_JSON] = {0, "json", NULL, "print a JSON object"},
	[OPT_QUIET] = {'q', "quiet", NULL, PROGRESS_QUIET_HELP},
	{0},
};

/* The columns of the statements of pruning, in their order. */
enum count { INODES, NAMES, EXTENTS, ATTRIBUTES, BLOBS, BYTES, OPS, ACTORS, COUNTS };

static const char *const labels[COUNTS] = {
	"inodes", "names", "extents", "attributes", "blobs", "bytes", "ops", "actors"};

/* Where what is counted was deleted. */
static const char *const tables[COUNTS] = {[INODES] = "thule.inode_history",
	[NAMES] = "thule.dirent_history",
	[EXTENTS] = "thule.extent_history",
	[ATTRIBUTES] = "thule.xattr_history",
	[BLOBS] = "thule.blob",
	[OPS] = "thule.op",
	[ACTORS] = "thule.actor"};

struct prune {
	PGconn *conn;
	const struct arguments *args;
	const struct target *target;
	const char *horizon; /* the op of the oldest state that is kept */
	struct disk disk;    /* the server's */
	struct progress progress;
	long long counts[COUNTS];
};

static void add_counts(struct prune *p, const PGresult *res)
{
	for (int i = INODES; i <= BYTES; i++)
		p->counts[i] += atoll(PQgetvalue(res, 0, i));
}

static void show_progress(struct prune *p, const char *percent)
{
	long long versions = 0;
	char detail[80];

	for (int i = INODES; i <= ATTRIBUTES; i++)
		versions += p->counts[i];
	snprintf(detail, sizeof(detail), "%lld versions, %lld bytes", versions, p->counts[BYTES]);
	if (p->args->option[OPT_PROGRESS] && !isatty(STDERR_FILENO))
		show_line(stderr, "%s%% %s\n", percent, detail);
	else
		progress_step(&p->progress, atof(percent), 100, detail);
}

/* Returns how many versions of a kind the next step is to delete. */
static const char *step_rows(const struct prune *p)
{
	return disk_is_short(&p->disk, p->conn) ? TIGHT_ROWS : STEP_ROWS;
}

/*
 * Prunes everything. Each step is a transaction of its own; after an interruption the next prune
 * goes on from there.
 */
static bool prune_all(struct prune *p, struct error *err)
{
	const char *horizon[] = {p->horizon}, *rows[1];
	PGresult *res = ask(p->conn, STMT_COMMAND_PRUNE_BEGIN, 1, horizon, err);
	bool done = false;

	if (!res)
		return false;
	PQclear(res);
	while (!done) {
		rows[0] = step_rows(p);
		res = ask(p->conn, STMT_COMMAND_PRUNE_STEP, 1, rows, err);
		if (!res)
			return false;
		add_counts(p, res);
		done = *PQgetvalue(res, 0, BYTES + 1) == 't';
		show_progress(p, PQgetvalue(res, 0, BYTES + 2));
		PQclear(res);
	}
	return true;
}

static bool prune_log(struct prune *p, struct error *err)
{
	const char *rows[] = {STEP_ROWS};
	bool done = false;

	while (!done) {
		PGresult *res = ask(p->conn, STMT_COMMAND_PRUNE_LOG, 1, rows, err);
		if (!res)
			return false;
		p->counts[OPS] += atoll(PQgetvalue(res, 0, 0));
		p->counts[ACTORS] += atoll(PQgetvalue(res, 0, 1));
		done = *PQgetvalue(res, 0, 2) == 't';
		PQclear(res);
	}
	return true;
}

/* Returns the inodes that belong to the path, in arrays of at most `chunk`. */
static PGresult *inodes_of_path(struct prune *p, const char *chunk, struct error *err)
{
	const struct target *t = p->target;
	char *bytes = *t->path ? hex_bytea(t->path) : NULL;
	const char *params[] = {*t->typed_path ? t->typed_path : NULL, bytes, chunk};
	PGresult *res = ask(p->conn, STMT_COMMAND_INODES_UNDER, 3, params, err);

	free(bytes);
	if (res && PQntuples(res) == 0) {
		error_set(err, ERR_NOT_FOUND, "there never was a file %s", p->args->operand[0]);
		PQclear(res);
		return NULL;
	}
	return res;
}

static bool prune_path(struct prune *p, struct error *err)
{
	PGresult *inodes = inodes_of_path(p, STEP_INODES, err), *res = inodes;
	char percent[16];

	for (int i = 0; res && i < PQntuples(inodes); i++) {
		const char *params[] = {PQgetvalue(inodes, i, 0), p->horizon};
		res = ask(p->conn, STMT_COMMAND_PRUNE_INODES, 2, params, err);
		if (res)
			add_counts(p, res);
		PQclear(res);
		snprintf(percent, sizeof(percent), "%d", 100 * (i + 1) / PQntuples(inodes));
		if (res)
			show_progress(p, percent);
	}
	PQclear(inodes);
	return res != NULL;
}

static bool preview(struct prune *p, struct error *err)
{
	PGresult *inodes = p->args->operands ? inodes_of_path(p, "2147483647", err) : NULL, *res;
	const char *params[] = {p->horizon, inodes ? PQgetvalue(inodes, 0, 0) : NULL};

	if (p->args->operands && !inodes)
		return false;
	res = ask(p->conn, STMT_COMMAND_PRUNE_PREVIEW, 2, params, err);
	if (res)
		add_counts(p, res);
	PQclear(res);
	PQclear(inodes);
	return res != NULL;
}

static bool act(struct prune *p, struct error *err)
{
	if (p->args->option[OPT_DRY_RUN])
		return preview(p, err);
	progress_step(&p->progress, 0, 100, "");
	disk_find(&p->disk, p->conn, NULL);
	/* The next prune repeats a step that a crash of the server undoes. */
	if (!db_exec(p->conn, "set synchronous_commit = off", err))
		return false;
	if (p->args->operands)
		return prune_path(p, err);
	return prune_all(p, err) && (!p->args->option[OPT_OPS] || prune_log(p, err));
}

/* What was deleted is room for what is written next, on a disk that is full too. */
static bool vacuum(const struct prune *p, struct error *err)
{
	const char *changed[COUNTS + 1];
	int n = 0;

	for (int i = INODES; i < COUNTS && !p->args->option[OPT_DRY_RUN]; i++)
		if (tables[i] && p->counts[i])
			changed[n++] = tables[i];
	changed[n] = NULL;
	return vacuum_tables(p->conn, changed, err);
}

/*
 * Requests a new count of quotas that limit the past, since the deleted versions are no longer in
 * anybody's past.
 */
static bool recount(const struct prune *p, struct error *err)
{
	PGresult *res = ask(p->conn, STMT_COMMAND_QUOTA_COUNT, 0, NULL, err);
	bool ok = res != NULL;
	char *result;

	if (ok && PQntuples(res) && !p->args->option[OPT_DRY_RUN]) {
		result = request_run(p->conn, "quota", PQgetvalue(res, 0, 0), NULL, err);
		ok = result != NULL;
		free(result);
	}
	PQclear(res);
	return ok;
}

static void print_counts(struct prune *p, const char *at)
{
	bool dry = p->args->option[OPT_DRY_RUN];

	progress_end(&p->progress);
	if (p->args->option[OPT_JSON]) {
		printf("{\"horizon\": %s, \"dry_run\": %s", p->horizon, dry ? "true" : "false");
		for (int i = 0; i < COUNTS; i++)
			printf(", \"%s\": %lld", labels[i], p->counts[i]);
		printf("}\n");
		return;
	}
	show_line(stdout,
		"%s since %s (op:%s)\n%s:", dry ? "would keep every state" : "every state is kept",
		at, p->horizon, dry ? "would delete" : "deleted");
	for (int i = 0; i < COUNTS; i++)
		if (i <= BYTES || p->counts[i])
			printf(" %lld %s%s", p->counts[i], labels[i],
				i == BYTES - 1 ? " with" : "");
	printf("\n");
}

static bool find_horizon(struct prune *p, PGresult **res, struct error *err)
{
	const char *size = p->args->option[OPT_MAX_SIZE];
	char number[24];
	const char *params[] = {
		p->args->option[OPT_KEEP], p->args->option[OPT_BEFORE], size ? number : NULL};
	uint64_t bytes = 0;

	if (size && !size_parse(size, &bytes))
		return error_set(
			err, ERR_USAGE, "--max-size: \"%s\" is not a size: " SIZE_WANTED, size);
	snprintf(number, sizeof(number), "%" PRIu64, bytes);

	*res = ask(p->conn, STMT_COMMAND_PRUNE_HORIZON, 3, params, err);
	if (!*res)
		return false;
	p->horizon = PQgetvalue(*res, 0, 0);
	/* A mistyped path is refused even when there is nothing to delete. */
	if (p->args->operands && !strcmp(p->horizon, "0")) {
		PGresult *inodes = inodes_of_path(p, STEP_INODES, err);
		PQclear(inodes);
		return inodes != NULL;
	}
	return true;
}

static bool check_options(const struct arguments *args, struct error *err)
{
	char *const *o = args->option;

	if (!!o[OPT_KEEP] + !!o[OPT_BEFORE] + !!o[OPT_MAX_SIZE] > 1)
		return error_set(err, ERR_USAGE,
			"--keep, --before and --max-size each say how much to keep: give only "
			"one");
	if (args->operands && (o[OPT_OPS] || o[OPT_MAX_SIZE]))
		return error_set(err, ERR_USAGE, "%s is for the whole filesystem: leave PATH out",
			o[OPT_OPS] ? "--ops" : "--max-size");
	if (o[OPT_OPS] && o[OPT_DRY_RUN])
		return error_set(
			err, ERR_USAGE, "--dry-run does not count the log: leave --ops out");
	return true;
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	struct target t;
	struct prune p = {.args = args, .target = &t};
	PGresult *horizon = NULL;
	bool ok;

	progress_begin(&p.progress, "pruning", args->option[OPT_QUIET]);
	if (check_options(args, &err) && target_find(args->operand[0], &t, &err))
		p.conn = target_connect(&t, &err);
	if (!p.conn)
		return command_fail(&err);
	ok = find_horizon(&p, &horizon, &err);
	if (ok && !strcmp(p.horizon, "0") && !args->option[OPT_JSON])
		show_line(stderr, "thule: no history is that old: there is nothing to delete\n");
	else if (ok && (!strcmp(p.horizon, "0") ||
			       (ok = act(&p, &err) && recount(&p, &err) && vacuum(&p, &err))))
		print_counts(&p, PQgetvalue(horizon, 0, 1));
	progress_end(&p.progress);
	PQclear(horizon);
	PQfinish(p.conn);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_prune = {
	.name = "prune",
	.operands = "[--keep AGE|--before T|--max-size SIZE] [PATH] [--dry-run] [--quiet]",
	.summary = "delete old history, and the bytes that only it needed",
	.help = "Without --keep, --before and --max-size, the setting `retention` says how\n"
		"much to keep (see `thule config`). Snapshots and held files (see `thule\n"
		"hold`) keep their past. With PATH, only the past of that file or directory\n"
		"is deleted. The log stays, unless --ops is given.\n"
		"\n"
		"Prune runs while the filesystem is mounted and in use, in small\n"
		"transactions; when it is interrupted, the next one goes on. A vacuum at the\n"
		"end makes what was freed room for what is written next.",
	.options = options,
	.operands_max = 1,
	.run = run,
};
