#include "arguments.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/show.h"
#include "base/utf8.h"

/* Values of getopt_long() above all letters: HELP, then one for each option. */
enum { HELP = 1000, FIRST };

/* Columns that --help gives to the names of options. */
#define HELP_COLUMN 22

struct getopt_tables {
	struct option longs[COMMAND_OPTIONS_MAX + 2];
	char shorts[2 * COMMAND_OPTIONS_MAX + 15];
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
		if (o[i].digits)
			s = stpcpy(s, "0123456789");
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
	show_line(stderr, "thule %s: %s%s%s\nusage: thule %s %s\n", command->name, what,
		which ? ": " : "", which ? which : "", command->name, command->operands);
	return EXIT_USAGE;
}

/*
 * Refuses an option. `word` is the last word that getopt_long() read; optopt is the letter in it.
 */
static int unknown(const struct command *command, const char *word)
{
	char letter[] = {'-', (char)optopt, '\0'};

	return wrong(command, "unknown option", optopt && strncmp(word, "--", 2) ? letter : word);
}

/*
 * Refuses a word that cannot be meant. An empty one mostly comes from a variable that is not set,
 * and would stand for a path or a selector that nobody chose.
 */
static int check_word(const struct command *command, const char *what, const char *word,
	bool may_be_empty, bool is_path)
{
	char problem[128];

	if (!*word && !may_be_empty)
		snprintf(problem, sizeof(problem), "%s is empty: is a variable not set?", what);
	else if (is_path && strlen(word) >= PATH_MAX)
		snprintf(problem, sizeof(problem), "%s is longer than a path can be (%d bytes)",
			what, PATH_MAX - 1);
	else if (!is_path && !utf8_is_text(word, strlen(word)))
		snprintf(problem, sizeof(problem), "%s is not text in UTF-8", what);
	else
		return EXIT_DONE;
	return wrong(command, problem, NULL);
}

static int check_option(const struct command *command, const struct command_option *o)
{
	char what[64];

	if (!o->argument)
		return EXIT_DONE;
	if (o->name)
		snprintf(what, sizeof(what), "the value of --%s", o->name);
	else
		snprintf(what, sizeof(what), "the value of -%c", o->letter);
	return check_word(command, what, optarg, o->may_be_empty, o->is_path);
}

static int check_operands(const struct command *command, const struct arguments *args)
{
	char what[64];
	int code = EXIT_DONE;

	int n = command->command_at ? command->command_at : args->operands;

	/* The words of another command line are not checked. */
	for (int i = 0; code == EXIT_DONE && i < n && !command->stop_at_operand; i++) {
		snprintf(what, sizeof(what), "argument %d", i + 1);
		code = check_word(
			command, what, args->operand[i], false, i >= command->operands_text);
	}
	return code;
}

/* Finds the verb of a command that has some, and checks how many operands follow it. */
static int check_verb(const struct command *command, struct arguments *args)
{
	const struct command_verb *v = command->verbs;
	int n = args->operands - 1;
	char problem[128];

	if (!v)
		return EXIT_DONE;
	for (; v->name && *v->name && strcmp(v->name, args->operand[0]); v++)
		args->verb++;
	if (v->name && n >= v->min && n <= v->max)
		return EXIT_DONE;
	if (!v->name)
		return wrong(command, "there is no such command", args->operand[0]);
	snprintf(problem, sizeof(problem), "%s takes %s", v->name,
		v->operands ? v->operands : "nothing more");
	return wrong(command, problem, NULL);
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

/* Takes one digit of a word like -20. `first` says whether it begins the word. */
static bool take_digit(const struct command *command, int value, bool first, struct arguments *args)
{
	const struct command_option *o = command->options;
	char text[32];
	int i = 0;

	if (value < '0' || value > '9')
		return false;
	while (!o[i].digits)
		i++;
	snprintf(text, sizeof(text), "%.20s%c", first || !args->option[i] ? "" : args->option[i],
		value);
	set_option(&o[i], &args->option[i], text);
	return true;
}

static int parse_options(
	const struct command *command, int argc, char **argv, struct arguments *args, bool *help)
{
	struct getopt_tables tables;
	int value, code, word = 0, before = 1;

	make_tables(command, &tables);
	optind = 1;
	opterr = 0;
	while ((before = optind,
		       value = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
		int i = position(command, value);
		bool first = word != before;

		word = before;
		if (take_digit(command, value, first, args))
			continue;
		if (value == ':')
			return wrong(command, "this option needs a value", argv[optind - 1]);
		if (i < 0 && (value == HELP || value == 'h')) {
			*help = true;
			return EXIT_DONE;
		}
		if (i < 0)
			return unknown(command, argv[optind - 1]);
		code = check_option(command, &command->options[i]);
		if (code != EXIT_DONE)
			return code;
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
		return wrong(command, "an argument is missing", NULL);
	if (args->operands > command->operands_max)
		return wrong(command, "unexpected argument", args->operand[command->operands_max]);
	code = check_operands(command, args);
	return code == EXIT_DONE ? check_verb(command, args) : code;
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
	return error_set(err, ERR_USAGE, "%s takes a number, not `%s`", option, text);
}

/* Prints an option and, below it where the first column is too narrow, its text. */
static void help_option(char letter, const char *name, const char *argument, const char *text)
{
	char left[64];
	int n = snprintf(left, sizeof(left), "%c%c%s%s%s%s%s", letter ? '-' : ' ',
		letter ? letter : ' ',
		letter && name ? ", "
		: name         ? "  "
			       : "",
		name ? "--" : "", name ? name : "", argument ? " " : "", argument ? argument : "");

	printf("  %-*s%s%*s %s\n", HELP_COLUMN, left, n >= HELP_COLUMN ? "\n" : "",
		n >= HELP_COLUMN ? HELP_COLUMN + 2 : 0, "", text);
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
