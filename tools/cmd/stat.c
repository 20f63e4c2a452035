#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "command.h"
#include "db/conn.h"
#include "past.h"
#include "print.h"

enum { OPT_AT, OPT_JSON };

static const struct command_option options[] = {
	[OPT_AT] = {0, "at", "T", "at this instant (default: now)"},
	[OPT_JSON] = {0, "json", NULL, "print a JSON object"},
	{0},
};

static void print_line(const char *name, const char *value)
{
	/* Some values are numbers in SQL and text for people. */
	if (!strcmp(name, "rdev"))
		printf("%8s  %u, %u\n", name, major(strtoull(value, NULL, 10)),
			minor(strtoull(value, NULL, 10)));
	else {
		printf("%8s  ", name);
		print_safe(stdout, value, 0);
		printf("\n");
	}
}

static void print(const PGresult *res, bool json)
{
	if (json) {
		print_json_line(PQgetvalue(res, 0, 0));
		return;
	}
	for (int i = 1; i < PQnfields(res); i++) {
		const char *value = PQgetvalue(res, 0, i);
		bool none = !strcmp(PQfname(res, i), "rdev") && !strcmp(value, "0");

		if (!PQgetisnull(res, 0, i) && !none)
			print_line(PQfname(res, i), value);
	}
}

static void print_xattrs(const PGresult *res)
{
	for (int row = 0; row < PQntuples(res); row++)
		print_line(PQgetvalue(res, row, PQfnumber(res, "label")),
			PQgetvalue(res, row, PQfnumber(res, "line")));
}

static bool show(struct past *p, bool json, struct error *err)
{
	const char *params[] = {p->ino, p->op, p->path, NULL};
	const char *inode[] = {p->ino, p->op, NULL};
	PGresult *res = past_query(p, statements[STMT_COMMAND_STAT].text, 4, params, false, err);
	PGresult *attributes = NULL;

	if (res && !json)
		attributes = past_query(
			p, statements[STMT_COMMAND_STAT_XATTRS].text, 3, inode, false, err);
	if (res && (json || attributes)) {
		print(res, json);
		print_xattrs(attributes);
	}
	PQclear(res);
	PQclear(attributes);
	return res && (json || attributes);
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	struct past p;
	bool ok;

	if (!past_open(&p, args->operand[0], args->option[OPT_AT], false, &err))
		return command_fail(&err);
	ok = show(&p, args->option[OPT_JSON], &err);
	past_close(&p);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_stat = {
	.name = "stat",
	.operands = "PATH [--at T] [--json]",
	.summary = "show the attributes of a file as they were, since when, and by whom",
	.help = "`since` and `until` say when this version of the inode began and ended, and\n"
		"`by` says who began it.\n"
		"\n" HELP_PAST_PATH "\n\n" HELP_INSTANT,
	.options = options,
	.operands_min = 1,
	.operands_max = 1,
	.pages = true,
	.run = run,
};
