#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "base/descriptors.h"
#include "base/show.h"
#include "command.h"
#include "complete/words.h"
#include "db/source.h"
#include "nearest.h"
#include "pager.h"
#include "run/keeper.h"

static const struct command *const commands[] = {
	&command_mount,
	&command_umount,
	&command_status,
	&command_top,
	&command_df,
	&command_metrics,
	&command_log,
	&command_show,
	&command_diff,
	&command_blame,
	&command_run,
	&command_watch,
	&command_ls,
	&command_cat,
	&command_stat,
	&command_tar,
	&command_restore,
	&command_undo,
	&command_snapshot,
	&command_prune,
	&command_journal,
	&command_hold,
	&command_erase,
	&command_config,
	&command_quota,
	&command_grant,
	&command_revoke,
	&command_usage,
	&command_fsck,
	&command_audit,
	&command_sync,
	&command_sql,
	&command_backup,
	&command_rebrand,
	&command_upgrade,
	&command_cluster,
	NULL,
};

static void list(FILE *out)
{
	fprintf(out, "usage: thule [--no-pager] COMMAND [ARGUMENTS]\n\n");
	for (int i = 0; commands[i]; i++)
		fprintf(out, "  %-8s  %s\n", commands[i]->name, commands[i]->summary);
	fprintf(out, "\n"
		     "`thule help COMMAND` describes a command, `thule version` says which "
		     "version this is.\n"
		     "Long output is paged on a terminal, by $THULE_PAGER, $PAGER or less; "
		     "not with --no-pager.\n"
		     "THULE_DB names a database by a connection string or URI; without it "
		     "there is a private\n"
		     "PostgreSQL, which lives in THULE_HOME.\n");
}

static const struct command *find(const char *name)
{
	for (int i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static bool wants_json(const struct command *command, const struct arguments *args)
{
	for (int i = 0; command->options && command->options[i].help; i++)
		if (args->option[i] && command->options[i].name &&
			!strcmp(command->options[i].name, "json"))
			return true;
	return false;
}

static int perform(const struct command *command, const struct arguments *args)
{
	struct pager pager = {0};
	int code;

	if (command->pages && !wants_json(command, args))
		pager_begin(&pager);
	code = command->run(args);
	pager_end(&pager);
	return code;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct arguments args;
	bool help;
	int code = arguments_parse(command, argc, argv, &args, &help);

	if (code == EXIT_DONE && help)
		arguments_help(command);
	else if (code == EXIT_DONE)
		code = perform(command, &args);
	arguments_release(&args);
	return code;
}

/* Says that there is no such command, and which one may be meant. */
static int unknown(const char *word)
{
	const struct command *near = nearest(commands, word);

	show_line(stderr, "thule: there is no command `%s`", word);
	if (near)
		show_line(stderr, ": did you mean `%s`?", near->name);
	show_line(stderr, "\n`thule help` lists the commands.\n");
	return EXIT_USAGE;
}

/* Describes a command, or lists all when none is named. */
static int help(int argc, char **argv)
{
	const struct command *command = argc ? find(argv[0]) : NULL;

	if (argc && !command)
		return unknown(argv[0]);
	if (command)
		arguments_help(command);
	else
		list(stdout);
	return EXIT_DONE;
}

/* Returns true when the word is one of these two. */
static bool is(const char *word, const char *one, const char *other)
{
	return !strcmp(word, one) || !strcmp(word, other);
}

/* Runs the command that the words name, or what is asked of the program itself. */
static int serve(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	const char *called = slash ? slash + 1 : argc ? argv[0] : "";
	const struct command *command;

	/* umount(8) calls us by this name for mounts of type fuse.thulefs. */
	if (!strcmp(called, "umount.fuse.thulefs"))
		return run(&command_umount, argc, argv);
	if (!strcmp(called, KEEPER_NAME))
		return keeper_main(argc, argv);
	if (argc > 1 && !strcmp(argv[1], "--no-pager")) {
		pager_forbid();
		argc--;
		argv++;
	}
	/* For shells, not for people: it is in no list. */
	if (argc > 1 && !strcmp(argv[1], "complete")) {
		complete_words(commands, argc - 2, argv + 2);
		return EXIT_DONE;
	}
	if (argc < 2) {
		list(stderr);
		return EXIT_USAGE;
	}
	if (is(argv[1], "--version", "-V") || !strcmp(argv[1], "version")) {
		printf("thule %s\n", THULE_VERSION);
		return EXIT_DONE;
	}
	if (is(argv[1], "--help", "-h") || !strcmp(argv[1], "help"))
		return help(argc - 2, argv + 2);
	command = find(argv[1]);
	if (!command)
		return unknown(argv[1]);
	/* Commands that run another one give it the environment as it is. */
	if (command != &command_run && command != &command_watch)
		source_verify_servers();
	return run(command, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int code;

	if (!descriptors_fill_standard())
		return EXIT_FAILED;
	/* Who started us may ignore it, and then a child's status cannot be had. */
	signal(SIGCHLD, SIG_DFL);
	code = serve(argc, argv);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("thule: cannot write the output");
		return code == EXIT_DONE ? EXIT_FAILED : code;
	}
	return code;
}
