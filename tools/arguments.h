#pragma once

#include "command.h"

/*
 * Reads argv (argv[0] is the command's own name) as the command's tables say. Returns EXIT_DONE, or
 * EXIT_USAGE having said on stderr what is wrong. *help is set where --help was typed; then the
 * rest does not count. arguments_release() them in any case.
 */
int arguments_parse(
	const struct command *command, int argc, char **argv, struct arguments *args, bool *help);

void arguments_release(struct arguments *args);

/*
 * An option that is a number below a thousand million, or NULL where it was not given. False with
 * *err set when it is none.
 */
bool arguments_check_number(const char *option, const char *text, struct error *err);

/* Prints the whole help of a command on stdout. */
void arguments_help(const struct command *command);
