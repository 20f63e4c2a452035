#include <fcntl.h>
#include <unistd.h>

#include "command.h"
#include "mounts.h"

static bool sync_directory(const char *dir, struct error *err)
{
	char real[PATH_MAX];
	struct mount_point m;
	bool ok;
	int fd;

	if (!mounts_real_path(dir, true, real, err))
		return false;
	if (!mounts_find(real, &m))
		return error_set(err, ERR_USAGE, "%s is not in a ThuleFS mount", dir);
	/* fsync of anything commits everything before it; the kernel does not forward syncfs(2). */
	fd = open(m.dir, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, "cannot open %s", m.dir);
	ok = fsync(fd) == 0;
	if (!ok)
		error_sys(err, "not everything in %s is in the database", m.dir);
	close(fd);
	return ok;
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	return sync_directory(args->operand[0], &err) ? EXIT_DONE : command_fail(&err);
}

const struct command command_sync = {
	.name = "sync",
	.operands = "DIR",
	.summary = "return when all changes so far are committed and on the server's disk",
	.operands_min = 1,
	.operands_max = 1,
	.run = run,
};
