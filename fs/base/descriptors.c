#include "base/descriptors.h"

#include <fcntl.h>
#include <limits.h>
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

/* Closes [from, end). */
static bool close_between(int from, int end)
{
	return from >= end || close_range((unsigned int)from, (unsigned int)end - 1, 0) == 0;
}

bool descriptors_close_inherited(int keep, int also)
{
	int low = keep < also ? keep : also, high = keep < also ? also : keep;
	int first = STDERR_FILENO + 1;
	int second = low < first ? first : low + 1;
	int third = high < second ? second : high + 1;

	return close_between(first, low) && close_between(second, high) &&
	       close_between(third, INT_MAX);
}
