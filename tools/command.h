#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * A sub-command of `thule`: a const struct in a file of its own (cmd_NAME.c), listed in main.c. Its
 * options are a table, from which parsing and --help are made.
 */

/* What sub-commands exit with. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

#define COMMAND_OPTIONS_MAX 16

struct command_option {
	char letter;          /* short form, or 0 */
	const char *name;     /* long form without dashes, or NULL */
	const char *argument; /* what help calls its argument; NULL: it takes none */
	const char *help;
	bool list; /* given again, its values are joined by commas; else the last one counts */
	bool may_be_empty; /* "" is a value, too */
	bool is_path;      /* its value is bytes; else it is text in UTF-8 */
};

/* What was typed. */
struct arguments {
	/* By position in the command's table: NULL if absent, "" for one without argument. */
	char *option[COMMAND_OPTIONS_MAX];
	char **operand; /* NULL-terminated */
	int operands;
};

struct command {
	const char *name;
	const char *operands;                 /* for the usage line, e.g. "[DB] DIR" */
	const char *summary;                  /* one line for the list of commands */
	const char *help;                     /* paragraphs for --help, or NULL */
	const struct command_option *options; /* ends with one whose help is NULL; NULL: none */
	int operands_min, operands_max;
	int operands_text;    /* as many from the first are text in UTF-8; the others are paths */
	bool stop_at_operand; /* options come before operands, which are a command line */
	bool verbatim; /* everything typed is operands, --help excepted: it is another program's */
	int (*run)(const struct arguments *args); /* returns an exit code */
};

extern const struct command command_blame, command_cat, command_cluster, command_config,
	command_diff, command_erase, command_fsck, command_hold, command_journal, command_log,
	command_ls, command_mount, command_prune, command_quota, command_restore, command_run,
	command_snapshot, command_sql, command_stat, command_status, command_sync, command_tar,
	command_umount, command_undo, command_upgrade;

/* Prints the error as one line on stderr; returns the exit code that goes with its class. */
int command_fail(const struct error *err);
