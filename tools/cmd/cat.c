#include <stdio.h>
#include <string.h>

#include "command.h"
#include "past.h"

enum { OPT_AT };

static const struct command_option options[] = {
	[OPT_AT] = {0, "at", "T", "at this instant (default: now)"},
	{0},
};

static bool put(void *arg, const char *data, size_t len, struct error *err)
{
	return fwrite(data, 1, len, stdout) == len || error_sys(err, "cannot write the output");
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	struct past p;
	bool ok;

	if (!past_open(&p, args->operand[0], args->option[OPT_AT], true, &err))
		return command_fail(&err);
	if (strcmp(p.kind, "file"))
		ok = error_set(&err, ERR_NOT_FOUND, "%s is a %s: cat prints regular files only",
			p.path, p.kind);
	else
		ok = past_read(&p, p.ino, 0, PAST_WHOLE, put, NULL, &err);
	past_close(&p);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_cat = {
	.name = "cat",
	.operands = "PATH [--at T]",
	.summary = "print a file as it was",
	.help = HELP_PAST_PATH "\n\n" HELP_INSTANT,
	.options = options,
	.operands_min = 1,
	.operands_max = 1,
	.run = run,
};
