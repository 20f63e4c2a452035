#include <stdlib.h>
#include <unistd.h>

#include "base/path.h"
#include "cluster/program.h"
#include "command.h"
#include "db/conn.h"
#include "db/handover.h"
#include "target.h"

/*
 * Passes the time zone on: psql takes it from PGTZ alone, and ends when the server does not know
 * it.
 */
static void pass_zone(const char *conninfo)
{
	PGconn *conn = getenv("PGTZ") ? NULL : db_connect(conninfo, "thule", NULL);
	const char *zone = conn ? PQparameterStatus(conn, "TimeZone") : NULL;

	if (zone)
		setenv("PGTZ", zone, 1);
	PQfinish(conn);
}

static int run(const struct arguments *args)
{
	char program[PATH_MAX], conninfo[sizeof(((struct target *)0)->conninfo)];
	struct error err = {0};
	struct target t;
	const char **argv;

	if (!target_find(NULL, &t, &err) ||
		!handover_psql(t.conninfo, conninfo, sizeof(conninfo), &err) ||
		!program_find("psql", NULL, program, sizeof(program), &err))
		return command_fail(&err);
	argv = calloc((size_t)args->operands + 4, sizeof(*argv));
	if (!argv)
		return EXIT_FAILED;
	argv[0] = program;
	argv[1] = "-d";
	argv[2] = conninfo;
	for (int i = 0; i < args->operands; i++)
		argv[3 + i] = args->operand[i];
	pass_zone(t.conninfo);
	execv(program, (char *const *)argv);
	error_sys(&err, "cannot run %s", program);
	free(argv);
	return command_fail(&err);
}

const struct command command_sql = {
	.name = "sql",
	.operands = "[psql arguments]",
	.summary = "run psql on the database of the filesystem",
	.help = "The database is $THULE_DB, else that of the mount of the current directory,\n"
		"else the private one. The exit status is that of psql. For example:\n"
		"\n"
		"  thule sql -c \"select path, size from thule.file order by size desc limit 10\"",
	.verbatim = true,
	.run = run,
};
