#include "transport/uring_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SWITCH "/sys/module/fuse/parameters/enable_uring"

/* Returns the first character of a file, or 0 where it cannot be read. */
static int first_character(const char *path)
{
	FILE *f = fopen(path, "re");
	int c = f ? fgetc(f) : 0;

	if (f)
		fclose(f);
	return c == EOF ? 0 : c;
}

bool uring_offered(struct error *err)
{
	int c = first_character(SWITCH);

	if (!c)
		return error_set(err, ERR_USAGE,
			"this kernel has no FUSE over io_uring, which came with Linux 6.14");
	if (c == 'N')
		return error_set(err, ERR_USAGE,
			"io_uring is off in the kernel: echo Y | sudo tee " SWITCH
			" and mount again");
	return true;
}

bool uring_refused(int error, struct error *err)
{
	int c = first_character("/proc/sys/kernel/io_uring_disabled");

	if (error == EPERM && c > '0')
		return error_set(err, ERR_USAGE,
			"this host keeps io_uring from %s: sudo sysctl kernel.io_uring_disabled=0 "
			"and mount again",
			c == '1' ? "users" : "everybody");
	if (error == EPERM || error == EACCES || error == ENOSYS)
		return error_set(err, ERR_USAGE,
			"io_uring is refused here (%s), as by the seccomp profile of a container",
			strerror(error));
	return error_set(err, ERR_SYSTEM, "io_uring cannot be used: %s", strerror(error));
}
