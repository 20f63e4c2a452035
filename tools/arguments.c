#include "arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Values of getopt_long() above all letters: HELP, and then one per option. */
enum { HELP = 1000, FIRST };

struct getopt_tables {
	struct option longs[COMMAND_OPTIONS_MAX + 2];
	char shorts[2 * COMMAND_OPTIONS_MAX + 5];
};

static void make_tables(const struct command *command, struct getopt_tables *t)
{
	const struct command_option *o = command->options;
	char *s = t->shorts;
	int n = 0;

	memset(t, 0, sizeof(*t));
	if (command->stop_at_operand)
		*s++ = '+';
	*s++ = ':';
	t->longs[n++] = (struct option){"help", no_argument, NULL, HELP};
	*s++ = 'h';
	for (int i = 0; o && o[i].help; i++) {
		if (o[i].letter) {
			*s++ = o[i].letter;
			if (o[i].argument)
				*s++ = ':';
		}
		if (o[i].name)
			t->longs[n++] = (struct option){o[i].name,
				o[i].argument ? required_argument : no_argument, NULL, FIRST + i};
	}
}

static int position(const struct command *command, int value)
{
	if (value >= FIRST)
		return value - FIRST;
	for (int i = 0; command->options && command->options[i].help; i++)
		if (command->options[i].letter == value)
			return i;
	return -1;
}

static int wrong(const struct command *command, const char *what, const char *which)
{
	fprintf(stderr, "thule %s: %s%s%s\nusage: thule %s %s\n", command->name, what,
		which ? ": " : "", which ? which : "", command->name, command->operands);
	return EXIT_USAGE;
}

/* `word` is what getopt_long() read last; of several letters in it, optopt is the one. */
static int unknown(const struct command *command, const char *word)
{
	char letter[] = {'-', (char)optopt, '\0'};

	return wrong(command, "unknown option", optopt && strncmp(word, "--", 2) ? letter : word);
}

static void set_option(const struct command_option *option, char **value, const char *text)
{
	char *old = *value;

	if (!old || !option->list)
		*value = strdup(text);
	else if (asprintf(value, "%s,%s", old, text) < 0)
		*value = NULL;
	free(old);
	if (!*value)
		abort();
}

static int parse_options(
	const struct command *command, int argc, char **argv, struct arguments *args, bool *help)
{
	struct getopt_tables tables;
	int value;

	make_tables(command, &tables);
	optind = 1;
	opterr = 0;
	while ((value = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
		int i = position(command, value);
		if (value == ':')
			return wrong(command, "this option needs a value", argv[optind - 1]);
		if (i < 0 && (value == HELP || value == 'h')) {
			*help = true;
			return EXIT_DONE;
		}
		if (i < 0)
			return unknown(command, argv[optind - 1]);
		set_option(&command->options[i], &args->option[i], optarg ? optarg : "");
	}
	args->operand = argv + optind;
	args->operands = argc - optind;
	return EXIT_DONE;
}

int arguments_parse(
	const struct command *command, int argc, char **argv, struct arguments *args, bool *help)
{
	int code;

	memset(args, 0, sizeof(*args));
	*help = false;
	if (command->verbatim) {
		*help = argc == 2 && !strcmp(argv[1], "--help");
		args->operand = argv + 1;
		args->operands = argc - 1;
		return EXIT_DONE;
	}
	code = parse_options(command, argc, argv, args, help);
	if (code != EXIT_DONE || *help)
		return code;
	if (args->operands < command->operands_min)
		return wrong(command, "something is missing", NULL);
	if (args->operands > command->operands_max)
		return wrong(command, "too much", args->operand[command->operands_max]);
	return EXIT_DONE;
}

void arguments_release(struct arguments *args)
{
	for (int i = 0; i < COMMAND_OPTIONS_MAX; i++)
		free(args->option[i]);
}

bool arguments_check_number(const char *option, const char *text, struct error *err)
{
	if (!text || (*text && strlen(text) < 10 && !text[strspn(text, "0123456789")]))
		return true;
	return error_set(err, ERR_USAGE, "%s wants a number, not `%s`", option, text);
}

static void help_option(char letter, const char *name, const char *argument, const char *text)
{
	char left[64];

	snprintf(left, sizeof(left), "%c%c%s%s%s%s%s", letter ? '-' : ' ', letter ? letter : ' ',
		letter && name ? ", " : "  ", name ? "--" : "", name ? name : "",
		argument ? " " : "", argument ? argument : "");
	printf("  %-22s %s\n", left, text);
}

void arguments_help(const struct command *command)
{
	const struct command_option *o = command->options;

	printf("usage: thule %s %s\n\n%s\n", command->name, command->operands, command->summary);
	if (command->help)
		printf("\n%s\n", command->help);
	if (command->verbatim)
		return;
	printf("\n");
	for (; o && o->help; o++)
		help_option(o->letter, o->name, o->argument, o->help);
	help_option('h', "help", NULL, "this text");
}
