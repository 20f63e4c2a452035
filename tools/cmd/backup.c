#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/restore.h"
#include "backup/take.h"
#include "backup/wal.h"
#include "base/show.h"
#include "command.h"
#include "target.h"

enum { OPT_TO, OPT_ARCHIVE, OPT_KEEP };

static const struct command_option options[] = {
	[OPT_TO] = {0, "to", "T", "restore: what was there at this instant"},
	[OPT_ARCHIVE] = {0, "archive", "DIR",
		"restore, verify: where the archive of WAL is now, or `none`", .is_path = true},
	[OPT_KEEP] = {0, "keep-identity", NULL,
		"restore: it takes the place of its original, and its journal"},
	{0},
};

static bool take(const struct arguments *args, struct error *err)
{
	const char *dir = args->operand[0];
	struct backup_label label;
	struct target t;

	if (!target_find(NULL, &t, err) || !backup_take(&t, dir, &label, err))
		return false;
	show_line(stdout, "%s: filesystem %s with everything up to op:%s, %s; verified\n", dir,
		label.filesystem, label.first_op, label.began);
	if (*label.archive)
		show_line(stdout,
			"to any instant since: `thule backup restore %s HOME --to T`, with the WAL "
			"in %s\n",
			dir, label.archive);
	else if (*label.home)
		show_line(stdout,
			"what changes from now on is in no backup: `thule cluster archive DIR` "
			"keeps it\n");
	return true;
}

static bool verify(const struct arguments *args, struct error *err)
{
	struct account self = {.uid = geteuid(), .gid = getegid()};
	char dir[PATH_MAX], last[32];
	struct backup_label label;
	struct wal_gap gap;
	struct wal wal;

	if (!realpath(args->operand[1], dir))
		return error_sys(err, "cannot find the backup %s", args->operand[1]);
	if (!label_read(dir, &label, err) || !backup_verify(dir, &label, err) ||
		!wal_find(dir, &label, args->option[OPT_ARCHIVE], &self, &wal, err))
		return false;
	wal_look(&wal, &gap, last);
	if (*gap.missing)
		return error_set(err, ERR_CORRUPT,
			"the backup %s is sound, but its archive %s lacks %s, without which what "
			"follows up to %s is of no use",
			dir, wal.archive, gap.missing, gap.later);
	show_line(stdout, "%s is sound: filesystem %s, from op:%s, %s\n", args->operand[1],
		label.filesystem, label.last_op, label.ended);
	if (*wal.archive)
		show_line(stdout, "WAL without a gap up to %s in %s\n", last, wal.archive);
	return true;
}

static bool restore(const struct arguments *args, struct error *err)
{
	struct restore_wish wish = {.from = args->operand[1],
		.to = args->operand[2],
		.instant = args->option[OPT_TO],
		.archive = args->option[OPT_ARCHIVE],
		.keep_identity = args->option[OPT_KEEP]};
	struct restore_result r;

	if (!backup_restore(&wish, &r, err))
		return false;
	show_line(stdout, "%s: filesystem %s as of op:%s, %s\n", args->operand[2], r.filesystem,
		r.op, r.at);
	if (*r.wanted && strcmp(r.wanted, r.op) != 0)
		show_line(stdout,
			"what followed op:%s was committed with it: `thule ls / --at op:%s` "
			"shows it without that\n",
			r.wanted, r.wanted);
	show_line(stdout, "its server runs; to mount it: THULE_HOME=%s thule mount DIR\n", r.home);
	return true;
}

static const struct command_verb verbs[] = {
	{"restore", "DIR HOME", 2, 2}, {"verify", "DIR", 1, 1}, {"", "DIR", 0, 0}, {0}};

static int run(const struct arguments *args)
{
	static bool (*const acts[])(const struct arguments *, struct error *) = {
		restore, verify, take};
	struct error err = {0};

	return acts[args->verb](args, &err) ? EXIT_DONE : command_fail(&err);
}

const struct command command_backup = {
	.name = "backup",
	.operands = "DIR | verify DIR | restore DIR HOME [--to T]",
	.summary = "copy the server of the filesystem, and bring it back",
	.help = "`backup DIR` copies the PostgreSQL server of the filesystem into DIR, a new or\n"
		"empty directory, while it is in use, and verifies the copy. A directory that is\n"
		"called `restore` or `verify` is `./restore`.\n"
		"\n"
		"`restore DIR HOME` makes a private PostgreSQL of it whose THULE_HOME is HOME, "
		"with\n"
		"everything that was written since and that the archive has (`thule cluster\n"
		"archive`), or up to an instant. It has an identity of its own, so that it can\n"
		"be mounted beside its original; with --keep-identity it is to take its place.\n"
		"\n" HELP_INSTANT,
	.verbs = verbs,
	.options = options,
	.operands_min = 1,
	.operands_max = 3,
	.run = run,
};
