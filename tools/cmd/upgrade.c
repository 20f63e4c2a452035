#include <stdio.h>

#include "command.h"
#include "db/conn.h"
#include "db/schema.h"
#include "target.h"

static int run(const struct arguments *args)
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

const struct command command_upgrade = {
	.name = "upgrade",
	.operands = "",
	.summary = "bring the schema of a database up to this version of the program",
	.help = "Migrates the tables of older versions, and makes all functions and views\n"
		"again, in one transaction. It is harmless when there is nothing to do. Tables\n"
		"of an older version are not migrated while the filesystem is mounted.",
	.run = run,
};
