#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "base/show.h"
#include "command.h"
#include "db/source.h"
#include "keeper.h"

static const struct command *const commands[] = {&command_mount, &command_umount, &command_status,
	&command_log, &command_diff, &command_blame, &command_run, &command_ls, &command_cat,
	&command_stat, &command_tar, &command_restore, &command_undo, &command_snapshot,
	&command_prune, &command_journal, &command_hold, &command_erase, &command_config,
	&command_quota, &command_fsck, &command_sync, &command_sql, &command_upgrade,
	&command_cluster, NULL};

int command_fail(const struct error *err)
{
	show_line(stderr, "thule: %s\n", err->text);
	return err->class == ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;
}

static void list(FILE *out)
{
	fprintf(out, "usage: thule COMMAND [ARGUMENTS]\n\n");
	for (int i = 0; commands[i]; i++)
		fprintf(out, "  %-8s  %s\n", commands[i]->name, commands[i]->summary);
	fprintf(out,
		"\n`thule COMMAND --help` says more. THULE_DB names a database by a connection "
		"string\n"
		"or URI; without it there is a private PostgreSQL, which lives in THULE_HOME.\n");
}

static const struct command *find(const char *name)
{
	for (int i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct arguments args;
	bool help;
	int code = arguments_parse(command, argc, argv, &args, &help);

	if (code == EXIT_DONE && help)
		arguments_help(command);
	else if (code == EXIT_DONE)
		code = command->run(&args);
	arguments_release(&args);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("thule: cannot write the output");
		return code == EXIT_DONE ? EXIT_FAILED : code;
	}
	return code;
}

int main(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	const char *called = slash ? slash + 1 : argc ? argv[0] : "";
	const struct command *command;

	/* umount(8) calls us by this name for mounts of type fuse.thulefs. */
	if (!strcmp(called, "umount.fuse.thulefs"))
		return run(&command_umount, argc, argv);
	if (!strcmp(called, KEEPER_NAME))
		return keeper_main(argc, argv);
	if (argc < 2) {
		list(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "version")) {
		printf("thule %s\n", THULE_VERSION);
		return EXIT_DONE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		list(stdout);
		return EXIT_DONE;
	}
	command = find(argv[1]);
	if (!command) {
		show_line(stderr, "thule: there is no command `%s`\n\n", argv[1]);
		list(stderr);
		return EXIT_USAGE;
	}
	/* What a run is of keeps its own environment. */
	if (command != &command_run)
		source_verify_servers();
	return run(command, argc - 1, argv + 1);
}
