#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/private.h"
#include "command.h"
#include "db/handover.h"
#include "thulefs.h"

enum { OPT_FOREGROUND, OPT_OPTIONS };

static const struct command_option options[] = {
	[OPT_FOREGROUND] = {'f', "foreground", NULL,
		"stay in the foreground, for service managers and containers"},
	[OPT_OPTIONS] = {'o', "options", "OPT,...", "mount options: see `thulefs --help`",
		.list = true, .may_be_empty = true},
	{0},
};

static int run(const struct arguments *args)
{
	const char *db = getenv("THULE_DB");
	const char *source = args->operands == 2 ? args->operand[0]
			     : db && *db         ? db
						 : PRIVATE_SOURCE;
	char daemon[PATH_MAX], clean[3 * PATH_MAX];
	const char *argv[7] = {daemon, clean, args->operand[args->operands - 1]};
	int n = 3;
	struct error err = {0};

	if (!handover_give(source, clean, sizeof(clean), &err))
		return command_fail(&err);
	if (args->option[OPT_FOREGROUND])
		argv[n++] = "-f";
	if (args->option[OPT_OPTIONS]) {
		argv[n++] = "-o";
		argv[n++] = args->option[OPT_OPTIONS];
	}
	thulefs_find(daemon, sizeof(daemon));
	execvp(daemon, (char *const *)argv);
	error_sys(&err, "cannot run %s", daemon);
	return command_fail(&err);
}

const struct command command_mount = {
	.name = "mount",
	.operands = "[DB] DIR [-f] [-o OPT,...]",
	.summary = "mount a filesystem on a directory",
	.help = "DB is the connection string or URI of the database of the\n"
		"filesystem, which is created in it when there is none. The default is\n"
		"$THULE_DB. Without that, or with `private` for DB, the filesystem is in a\n"
		"private PostgreSQL, which is created and started when needed.\n"
		"\n"
		"A server that is reached over TCP must prove its identity with a certificate\n"
		"(sslmode=verify-full), unless DB, PGSSLMODE or the service file says\n"
		"otherwise.",
	.options = options,
	.operands_min = 1,
	.operands_max = 2,
	.run = run,
};
