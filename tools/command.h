#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * A command of `thule`: a const struct in a file of its own, cmd/NAME.c, listed in main.c. Parsing,
 * checks and --help are made from its tables, so that run() sees only words that the tables allow.
 * run() finds its filesystem (target.h, past.h), asks it (ask.h, sync.h, request.h), prints
 * (print.h, base/show.h) and returns an exit code.
 */

/* Exit codes of commands. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* Those of commands that run another one, as env(1) and shells have them. */
enum { EXIT_CANNOT_RUN = 126, EXIT_NO_SUCH_COMMAND = 127, EXIT_SIGNAL = 128 };

#define COMMAND_OPTIONS_MAX 16

/* Paragraphs of help that commands share. */
#define HELP_PAST_PATH                                                                             \
	"PATH is a path in a mount, or an absolute path from the root of the filesystem.\n"        \
	"It need not exist any more. In DIR/.thule/at/T it is meant as of T."
#define HELP_INSTANT                                                                               \
	"T is a time (2024-05-01 12:00), an age (10min, 2 days), the name of a snapshot,\n"        \
	"or op:N."

struct command_option {
	char letter;          /* short form, or 0 */
	const char *name;     /* long form without dashes, or NULL */
	const char *argument; /* the name of its argument in --help; NULL: it takes none */
	const char *help;
	bool list; /* its values are joined by commas when it is given again; else the last one
		      counts */
	bool may_be_empty; /* "" is a value of it */
	bool is_path;      /* its value is bytes; else it is text in UTF-8 */
	bool digits;       /* `-20` gives it as well */
};

/* The first operand of commands that do several things: `create` in `thule snapshot create NAME`.
 */
struct command_verb {
	const char *name;     /* "": any other word, as the last one */
	const char *operands; /* those that follow it, for messages: "KEY VALUE", or NULL */
	int min, max;         /* how many follow it */
};

/* The words that were typed. */
struct arguments {
	int verb; /* position in the command's table, if it has one */
	/*
	 * By position in the command's table: NULL when absent, "" for an option without argument.
	 */
	char *option[COMMAND_OPTIONS_MAX];
	char **operand; /* NULL-terminated */
	int operands;
};

struct command {
	const char *name;
	const char *operands;                 /* for the usage line, e.g. "[DB] DIR" */
	const char *summary;                  /* one line for the list of commands */
	const char *help;                     /* paragraphs for --help, or NULL */
	const struct command_verb *verbs;     /* ends with one without a name; NULL: none */
	const struct command_option *options; /* ends with one whose help is NULL; NULL: none */
	int operands_min, operands_max;
	int operands_text;    /* so many operands from the first are text in UTF-8; the others are
				 paths */
	bool stop_at_operand; /* options come before operands, which are a command line */
	int command_at;       /* so many operands come before a command line; 0: there is none */
	bool verbatim; /* all words are operands, except --help: they are for another program */
	bool pages;    /* all that it prints is paged on a terminal, but for JSON */
	int (*run)(const struct arguments *args); /* returns an exit code */
};

extern const struct command command_audit, command_backup, command_blame, command_cat,
	command_cluster, command_config, command_df, command_diff, command_erase, command_fsck,
	command_grant, command_hold, command_journal, command_log, command_ls, command_metrics,
	command_mount, command_prune, command_quota, command_rebrand, command_restore,
	command_revoke, command_run, command_show, command_snapshot, command_sql, command_stat,
	command_status, command_sync, command_tar, command_top, command_umount, command_undo,
	command_upgrade, command_usage, command_watch;

/* Prints the error as one line on stderr. Returns the exit code of its class. */
int command_fail(const struct error *err);
