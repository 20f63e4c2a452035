#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/show.h"
#include "command.h"
#include "db/conn.h"
#include "pager.h"
#include "past.h"
#include "print.h"

enum { OPT_AT, OPT_JSON };

static const struct command_option options[] = {
	[OPT_AT] = {0, "at", "T", "at this instant (default: now)"},
	[OPT_JSON] = {0, "json", NULL, "print a JSON array of the entries"},
	{0},
};

/* Columns of command_ls. */
enum { JSON, MODE, NLINK, UID, GID, RDEV, SIZE, MTIME, NAME, TARGET };

/* Writes the ten characters of ls -l. */
static void mode_text(unsigned int mode, char text[11])
{
	static const char kinds[] = "?pc?d?b?-?l?s???";

	text[0] = kinds[mode >> 12 & 15];
	for (int i = 0; i < 9; i++)
		text[i + 1] = mode & 0400u >> i ? "rwx"[i % 3] : '-';
	if (mode & S_ISUID)
		text[3] = mode & S_IXUSR ? 's' : 'S';
	if (mode & S_ISGID)
		text[6] = mode & S_IXGRP ? 's' : 'S';
	if (mode & S_ISVTX)
		text[9] = mode & S_IXOTH ? 't' : 'T';
	text[10] = '\0';
}

static const char *user_name(const char *id)
{
	const struct passwd *p = getpwuid((uid_t)strtoul(id, NULL, 10));
	return p ? p->pw_name : id;
}

static const char *group_name(const char *id)
{
	const struct group *g = getgrgid((gid_t)strtoul(id, NULL, 10));
	return g ? g->gr_name : id;
}

/* Writes the number of a device, and the size of any other file. */
static void size_text(const PGresult *res, int row, unsigned int mode, char *text, size_t size)
{
	dev_t dev = (dev_t)strtoull(PQgetvalue(res, row, RDEV), NULL, 10);

	if (S_ISCHR(mode) || S_ISBLK(mode))
		snprintf(text, size, "%u, %u", major(dev), minor(dev));
	else
		snprintf(text, size, "%s", PQgetvalue(res, row, SIZE));
}

struct widths {
	int nlink, user, group, size;
};

static void widen(int *width, const char *text)
{
	int n = (int)strlen(text);
	if (n > *width)
		*width = n;
}

static struct widths measure(const PGresult *res)
{
	struct widths w = {0};
	char size[32];

	for (int row = 0; row < PQntuples(res); row++) {
		size_text(res, row, (unsigned int)atoi(PQgetvalue(res, row, MODE)), size,
			sizeof(size));
		widen(&w.nlink, PQgetvalue(res, row, NLINK));
		widen(&w.user, user_name(PQgetvalue(res, row, UID)));
		widen(&w.group, group_name(PQgetvalue(res, row, GID)));
		widen(&w.size, size);
	}
	return w;
}

static void print_row(const PGresult *res, int row, const struct widths *w)
{
	unsigned int mode = (unsigned int)atoi(PQgetvalue(res, row, MODE));
	char modes[11], size[32];

	mode_text(mode, modes);
	size_text(res, row, mode, size, sizeof(size));
	show_line(stdout, "%s %*s %-*s", modes, w->nlink, PQgetvalue(res, row, NLINK), w->user,
		user_name(PQgetvalue(res, row, UID)));
	show_line(stdout, " %-*s %*s %s ", w->group, group_name(PQgetvalue(res, row, GID)), w->size,
		size, PQgetvalue(res, row, MTIME));
	print_safe(stdout, PQgetvalue(res, row, NAME), 0);
	if (!PQgetisnull(res, row, TARGET)) {
		printf(" -> ");
		print_safe(stdout, PQgetvalue(res, row, TARGET), 0);
	}
	printf("\n");
}

static void print(const PGresult *res, bool json)
{
	int n = PQntuples(res);
	struct widths w = measure(res);
	struct pager pager = {0};

	if (json)
		printf("[");
	else
		pager_begin(&pager);
	for (int row = 0; row < n; row++) {
		if (!json) {
			print_row(res, row, &w);
			continue;
		}
		fputs(row ? ",\n " : "", stdout);
		print_json(stdout, PQgetvalue(res, row, JSON));
	}
	if (json)
		printf("]\n");
	pager_end(&pager);
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	struct past p;
	PGresult *res;
	const char *slash, *name;

	if (!past_open(&p, args->operand[0], args->option[OPT_AT], false, &err))
		return command_fail(&err);
	slash = strrchr(p.path, '/');
	name = slash ? slash + 1 : p.path;
	res = past_query(&p, statements[STMT_COMMAND_LS].text, 4,
		(const char *[]){p.ino, p.op, name, NULL}, false, &err);
	if (res)
		print(res, args->option[OPT_JSON]);
	PQclear(res);
	past_close(&p);
	return res ? EXIT_DONE : command_fail(&err);
}

const struct command command_ls = {
	.name = "ls",
	.operands = "PATH [--at T] [--json]",
	.summary = "list a directory as it was",
	.help = "Prints the columns of `ls -l`. Owners and groups have the names of today.\n"
		"\n" HELP_PAST_PATH "\n\n" HELP_INSTANT,
	.options = options,
	.operands_min = 1,
	.operands_max = 1,
	.run = run,
};
