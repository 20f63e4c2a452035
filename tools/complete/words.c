#include "complete/words.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complete/offer.h"

/* A database that hangs must not keep the shell. */
#define SECONDS_MAX 2

/* The longest word in the usage of a command. */
#define USAGE_WORD_MAX 32

/* A command line of one command, up to the word in question. */
struct line {
	const struct command *command;
	const struct command_option *pending; /* whose value the word is */
	const char *verb;                     /* the first operand */
	int operands;                         /* how many there are before it */
	int command_line;   /* position of the first word of another command line, or -1 */
	bool only_operands; /* `--` was typed */
};

static const struct command *find_command(const struct command *const *commands, const char *name)
{
	for (int i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

/* Finds an option by the word, whose name has `len` bytes: --at or -n. */
static const struct command_option *find_option(
	const struct command *c, const char *word, size_t len)
{
	for (const struct command_option *o = c->options; o && o->help; o++) {
		if (len == 2 && word[0] == '-' && o->letter == word[1])
			return o;
		if (o->name && len > 2 && strlen(o->name) == len - 2 && !strncmp(word, "--", 2) &&
			!strncmp(word + 2, o->name, len - 2))
			return o;
	}
	return NULL;
}

/* Says whether the operand with this number begins another command line. */
static bool is_command_line(const struct command *command, int operand)
{
	return command->stop_at_operand || (command->command_at && operand >= command->command_at);
}

/* Reads the words before the one in question, of which the first is the command. */
static struct line read_line(const struct command *command, int n, char **words)
{
	struct line l = {.command = command, .command_line = -1};

	for (int i = 1; i < n && l.command_line < 0; i++) {
		const char *word = words[i];

		if (l.pending) {
			l.pending = NULL;
		} else if (!l.only_operands && !strcmp(word, "--")) {
			l.only_operands = true;
		} else if (!l.only_operands && *word == '-' && word[1]) {
			l.pending = find_option(command, word, strlen(word));
			if (l.pending && !l.pending->argument)
				l.pending = NULL;
		} else {
			l.verb = l.operands++ ? l.verb : word;
			if (is_command_line(command, l.operands - 1))
				l.command_line = i;
		}
	}
	return l;
}

/* Offers the values of an option; finished ones of a list stay. */
static void option_values(struct completion *c, const struct command_option *o)
{
	const char *comma = o->list ? strrchr(c->typed, ',') : NULL;

	if (comma) {
		c->before_len += (size_t)(comma + 1 - c->typed);
		c->typed = comma + 1;
	}
	if (o->is_path)
		offer_by_shell("file");
	else
		offer_values(c, o->argument);
}

static void options(const struct completion *c, const struct command *command)
{
	char word[64];

	for (const struct command_option *o = command->options; o && o->help; o++) {
		if (o->name)
			snprintf(word, sizeof(word), "--%s", o->name);
		else
			snprintf(word, sizeof(word), "-%c", o->letter);
		offer(c, word, o->help);
	}
	offer(c, "--help", "describe the command");
}

/*
 * Takes the next word of a usage like "PATH [--at T] | --list" into `word`, of USAGE_WORD_MAX
 * bytes. Returns what is left, or NULL at the end. `*depth` counts brackets; a bar outside of them
 * is a word.
 */
static const char *next_word(const char *usage, char *word, int *depth)
{
	size_t n = 0;

	for (; *usage && strchr(" []|", *usage); usage++) {
		*depth += (*usage == '[') - (*usage == ']');
		if (*usage == '|' && !*depth && usage[1] == ' ') {
			strcpy(word, "|");
			return usage + 1;
		}
	}
	for (; *usage && !strchr(" []|", *usage); usage++)
		if (n < USAGE_WORD_MAX - 1)
			word[n++] = *usage;
	word[n] = '\0';
	return n ? usage : NULL;
}

/* Returns true when a word of the usage stands for operands: DIR, NAME..., op:N. Options select. */
static bool stands_for_operand(const char *word)
{
	return (isupper((unsigned char)*word) && strcmp(word, "SELECTORS") != 0) ||
	       !strcmp(word, "op:N");
}

/*
 * Offers the operands that a usage has at a position. One in brackets may be left out, so the next
 * one can be meant as well; one with dots goes on.
 */
static void usage_operands(
	const struct completion *c, const struct command *command, const char *usage, int position)
{
	char word[USAGE_WORD_MAX];
	int depth = 0, first = 0, last = 0; /* where the word can be */
	bool value = false;

	while (usage && (usage = next_word(usage, word, &depth))) {
		const struct command_option *o = find_option(command, word, strlen(word));
		char *dots = strstr(word, "...");

		if (!strcmp(word, "|")) {
			first = last = 0;
		} else if (*word == '-') {
			value = o && o->argument;
			continue;
		} else if (!value && stands_for_operand(word)) {
			if (dots)
				*dots = '\0';
			if (position >= first && (position <= last || dots))
				offer_values(c, word);
			first += depth == 0;
			last++;
		}
		value = false;
	}
}

static void operands(const struct completion *c, const struct line *l)
{
	const struct command_verb *v = l->command->verbs;

	if (!v) {
		usage_operands(c, l->command, l->command->operands, l->operands);
		return;
	}
	for (; v->name; v++)
		if (!*v->name && !l->operands)
			usage_operands(c, l->command, v->operands, 0);
		else if (!l->operands)
			offer(c, v->name, NULL);
		else if (!strcmp(v->name, l->verb))
			usage_operands(c, l->command, v->operands, l->operands - 1);
}

static void complete_line(const struct command *command, int n, char **words)
{
	char *word = words[n];
	const char *equals = strncmp(word, "--", 2) ? NULL : strchr(word, '=');
	struct line l = read_line(command, n, words);
	const struct command_option *o;
	struct completion c = {word, word, 0, words};

	words[n] = NULL;
	if (command->verbatim)
		offer_by_shell("file");
	else if (l.pending)
		option_values(&c, l.pending);
	else if (l.command_line >= 0 ||
		 (command->stop_at_operand && (l.only_operands || *word != '-')))
		printf("\tcommand %d\n", l.command_line >= 0 ? l.command_line : n);
	else if (equals && !l.only_operands) {
		o = find_option(command, word, (size_t)(equals - word));
		c.before_len = (size_t)(equals + 1 - word);
		c.typed = equals + 1;
		if (o && o->argument)
			option_values(&c, o);
	} else if (*word == '-' && !l.only_operands)
		options(&c, command);
	else
		operands(&c, &l);
}

static void names(const struct completion *c, const struct command *const *commands)
{
	for (int i = 0; commands[i]; i++)
		offer(c, commands[i]->name, commands[i]->summary);
}

void complete_words(const struct command *const *commands, int n, char **words)
{
	const struct command *command;
	struct completion c;

	alarm(SECONDS_MAX);
	if (n > 1 && !strcmp(words[0], "--no-pager")) {
		words++;
		n--;
	}
	if (n < 1)
		return;
	c = (struct completion){words[n - 1], words[n - 1], 0, words};
	if (n == 1) {
		names(&c, commands);
		offer(&c, "help", "describe a command, or list all");
		offer(&c, "version", "say which version this is");
		offer(&c, "--help", "list the commands");
		offer(&c, "--version", "say which version this is");
		offer(&c, "--no-pager", "do not page long output");
		return;
	}
	command = find_command(commands, words[0]);
	if (command)
		complete_line(command, n - 1, words);
	else if (n == 2 && !strcmp(words[0], "help"))
		names(&c, commands);
}
