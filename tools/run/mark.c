#include "run/mark.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool mark_new_id(char id[static RUN_ID_LEN + 1], struct error *err)
{
	int fd = open("/proc/sys/kernel/random/uuid", O_RDONLY | O_CLOEXEC);
	bool ok = fd >= 0 && read(fd, id, RUN_ID_LEN) == RUN_ID_LEN;

	if (fd >= 0)
		close(fd);
	id[RUN_ID_LEN] = '\0';
	return ok || error_sys(err, "cannot read /proc/sys/kernel/random/uuid");
}

bool mark_run(const char *tag, bool atomic, struct error *err)
{
	const char *outer = getenv(RUN_VARIABLE);
	char id[RUN_ID_LEN + 1], value[RUN_ID_LEN + 1 + RUN_TAG_MAX + 1];

	if (tag && !run_tag_valid(tag, strlen(tag)))
		return error_set(err, ERR_USAGE,
			"--tag takes 1 to %d bytes of text in UTF-8, without control characters",
			RUN_TAG_MAX);
	if (!mark_new_id(id, err))
		return false;
	if (!atomic && outer && run_valid(outer, strlen(outer)))
		memcpy(id, outer, RUN_ID_LEN);
	snprintf(value, sizeof(value), "%s:%s", id, tag ? tag : id);
	if (setenv(RUN_VARIABLE, value, 1) < 0)
		return error_sys(err, "cannot set the environment variable %s", RUN_VARIABLE);
	return true;
}
