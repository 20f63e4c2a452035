#include "sync.h"
#include "command.h"
#include "mounts.h"

static bool sync_mount(const char *path, struct error *err)
{
	char real[PATH_MAX];
	struct mount_point m;

	if (!mounts_real_path(path, true, real, err))
		return false;
	if (!mounts_find(real, &m))
		return error_set(err, ERR_USAGE,
			"%s is not in a ThuleFS mount: name a directory in one", path);
	/* The kernel does not forward syncfs(2). */
	return sync_directory(m.dir, err);
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	return sync_mount(args->operand[0], &err) ? EXIT_DONE : command_fail(&err);
}

const struct command command_sync = {
	.name = "sync",
	.operands = "DIR",
	.summary = "wait until all changes so far are on the disk of the database",
	.operands_min = 1,
	.operands_max = 1,
	.run = run,
};
