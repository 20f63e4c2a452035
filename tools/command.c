#include "command.h"

#include <stdio.h>

#include "base/show.h"

int command_fail(const struct error *err)
{
	show_line(stderr, "thule: %s\n", err->text);
	return err->class == ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;
}
