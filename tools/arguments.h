#pragma once

#include "command.h"

/*
 * Reads argv (argv[0] is the name of the command) by the tables of the command. Returns EXIT_DONE,
 * or EXIT_USAGE after an explanation on stderr. Sets *help when --help was typed; then the rest of
 * *args is not to be used. Call arguments_release() in any case.
 */
int arguments_parse(
	const struct command *command, int argc, char **argv, struct arguments *args, bool *help);

void arguments_release(struct arguments *args);

/*
 * Checks that an option is a number below a thousand million, or NULL because it was not given.
 * Returns false with *err set when it is neither.
 */
bool arguments_check_number(const char *option, const char *text, struct error *err);

/* Prints the whole help of a command on stdout. */
void arguments_help(const struct command *command);
