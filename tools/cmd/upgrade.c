#include <stdio.h>

#include "command.h"
#include "db/conn.h"
#include "db/schema.h"
#include "mounts.h"
#include "replace.h"
#include "target.h"

enum { OPT_DAEMON };

static const struct command_option options[] = {
	[OPT_DAEMON] = {0, "daemon", NULL,
		"replace the running daemon of DIR by the program that is installed now, "
		"without an unmount"},
	{0},
};

static int replace(const struct arguments *args)
{
	struct error err = {0};
	struct mount_point m;
	char version[64];

	if (args->operands == 0)
		error_set(&err, ERR_USAGE, "--daemon needs DIR, a mounted filesystem");
	else if (mounts_find_root(args->operand[0], &m, &err) &&
		 daemon_replace(&m, version, sizeof(version), &err)) {
		printf("%s serves %s\n", version, m.dir);
		return EXIT_DONE;
	}
	return command_fail(&err);
}

static int upgrade(void)
{
	struct error err = {0};
	struct target t;
	PGconn *conn = NULL;
	bool ok;

	if (target_find(NULL, &t, &err))
		conn = db_connect(t.conninfo, "thule", &err);
	if (!conn)
		return command_fail(&err);
	ok = schema_upgrade(conn, &err);
	PQfinish(conn);
	if (!ok)
		return command_fail(&err);
	printf("schema version %d\n", SCHEMA_VERSION);
	return EXIT_DONE;
}

static int run(const struct arguments *args)
{
	struct error err;

	if (args->option[OPT_DAEMON])
		return replace(args);
	if (args->operands == 0)
		return upgrade();
	error_set(&err, ERR_USAGE, "DIR is for --daemon: the schema is the database's");
	return command_fail(&err);
}

const struct command command_upgrade = {
	.name = "upgrade",
	.operands = "[--daemon DIR]",
	.summary = "bring the schema of a database up to this version of the program",
	.help = "Migrates the tables of older versions, and makes all functions and views\n"
		"again, in one transaction. It is harmless when there is nothing to do. Tables\n"
		"of an older version are not migrated while the filesystem is mounted.\n"
		"\n"
		"With --daemon the program is upgraded, not the schema: of a filesystem that is\n"
		"mounted with -o keeper, the daemon ends and the program that is installed in\n"
		"its place goes on. What is open stays open; programs notice a pause.",
	.options = options,
	.operands_max = 1,
	.run = run,
};
