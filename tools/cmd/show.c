#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "command.h"
#include "db/conn.h"
#include "door.h"
#include "pager.h"
#include "past.h"
#include "patch/runs.h"
#include "print.h"
#include "sync.h"

enum { OPT_STAT, OPT_JSON };

static const struct command_option options[] = {
	[OPT_STAT] = {0, "stat", NULL,
		"print how many lines or bytes the file gained and lost, and no patch"},
	[OPT_JSON] = {0, "json", NULL, "print a JSON object, and no patch"},
	{0},
};

/* Columns of command_show; those in between are lines for people. */
enum { JSON, OP };

/* Prints what became of the file: from the state before the op to that after it. */
static bool print_patch(struct past *p, const PGresult *res, bool counts, struct error *err)
{
	const char *op = PQgetvalue(res, 0, OP);
	const char *ino = PQgetvalue(res, 0, PQfnumber(res, "ino"));
	bool kept = *PQgetvalue(res, 0, PQfnumber(res, "kept")) == 't';
	struct patch patch = patch_begin(p, counts);
	char inos[32], before[24];

	printf("\n");
	snprintf(inos, sizeof(inos), "{%s}", ino);
	snprintf(before, sizeof(before), "%llu", strtoull(op, NULL, 10) - 1);
	return runs_print_between(&patch, before, op, inos, kept, err);
}

static void print_lines(const PGresult *res)
{
	for (int i = OP; i < PQfnumber(res, "kept"); i++) {
		if (PQgetisnull(res, 0, i))
			continue;
		printf("%11s  ", PQfname(res, i));
		print_safe(stdout, PQgetvalue(res, 0, i), 0);
		printf("\n");
	}
}

static bool show(struct past *p, const struct arguments *args, struct error *err)
{
	struct pager pager = {0};
	bool ok;
	PGresult *res = past_query(p, statements[STMT_COMMAND_SHOW].text, 2,
		(const char *[]){args->operand[0], NULL}, false, err);

	if (!res)
		return false;
	ok = PQntuples(res) > 0 ||
	     error_set(err, ERR_NOT_FOUND,
		     "the log has no change %s: it was pruned, or never was%s", args->operand[0],
		     door_behind(p->conn) ? ", or is of others' files" : "");
	if (ok && args->option[OPT_JSON]) {
		print_json_line(PQgetvalue(res, 0, JSON));
	} else if (ok) {
		pager_begin(&pager);
		print_lines(res);
		ok = print_patch(p, res, args->option[OPT_STAT], err);
		pager_end(&pager);
	}
	PQclear(res);
	return ok;
}

static int run(const struct arguments *args)
{
	const char *instants[] = {args->operand[0], NULL};
	struct error err = {0};
	struct past p = {0};
	PGresult *res = NULL;
	bool ok = false;

	if (target_find(NULL, &p.target, &err))
		p.conn = target_ask(&p.target, &err);
	/* It may be about what was just done. */
	if (p.conn && !door_behind(p.conn))
		sync_database(p.conn, NULL);
	if (p.conn)
		res = ask(p.conn, STMT_COMMAND_INSTANTS, 2, instants, &err);
	ok = res && past_snapshot(p.conn, &err) && show(&p, args, &err);
	PQclear(res);
	past_close(&p);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_show = {
	.name = "show",
	.operands = "op:N [--stat | --json]",
	.summary = "show one change: who made it, and what it did to the file",
	.help = "The change is op:N as the log numbers it, or the last one at a time, an age or a\n"
		"snapshot.\n"
		"\n" HELP_PATCH,
	.options = options,
	.operands_min = 1,
	.operands_max = 1,
	.operands_text = 1,
	.run = run,
};
