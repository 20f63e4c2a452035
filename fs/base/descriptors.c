#include "base/descriptors.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

size_t descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 0;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur;
}

bool descriptors_fill_standard(void)
{
	int fd;

	/* The lowest free one is given. It stays open in programs that this one starts. */
	while ((fd = open("/", O_PATH)) >= 0 && fd <= STDERR_FILENO)
		;
	return fd >= 0 && close(fd) == 0;
}
