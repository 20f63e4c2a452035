#include <stdio.h>
#include <string.h>

#include "command.h"
#include "past.h"
#include "print.h"

enum { OPT_AT, OPT_LINK };

static const struct command_option options[] = {
	[OPT_AT] = {0, "at", "T", "at this instant (default: now)"},
	[OPT_LINK] = {0, "link", NULL, "of a symbolic link, print the path that is in it"},
	{0},
};

static bool put(void *arg, const char *data, size_t len, struct error *err)
{
	return fwrite(data, 1, len, stdout) == len || error_sys(err, "cannot write the output");
}

static bool show_link(const struct past *p)
{
	print_safe(stdout, p->link, 0);
	putchar('\n');
	return true;
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	struct past p;
	bool ok;

	if (!past_open(&p, args->operand[0], args->option[OPT_AT], !args->option[OPT_LINK], &err))
		return command_fail(&err);
	if (args->option[OPT_LINK])
		ok = p.link ? show_link(&p)
			    : error_set(&err, ERR_NOT_FOUND, "%s is a %s, and no symbolic link",
				      p.path, p.kind);
	else if (strcmp(p.kind, "file"))
		ok = error_set(&err, ERR_NOT_FOUND, "%s is a %s: cat prints regular files only",
			p.path, p.kind);
	else
		ok = past_read(&p, p.ino, 0, PAST_WHOLE, put, NULL, &err);
	past_close(&p);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_cat = {
	.name = "cat",
	.operands = "PATH [--at T] [--link]",
	.summary = "print a file as it was",
	.help = "A symbolic link is followed, by the names of T.\n\n" HELP_PAST_PATH
		"\n\n" HELP_INSTANT,
	.options = options,
	.operands_min = 1,
	.operands_max = 1,
	.run = run,
};
