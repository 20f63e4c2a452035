#include "base/host.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/proc_read.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static bool read_boot_id(char id[static HOST_BOOT_ID])
{
	long n = proc_read_at(AT_FDCWD, BOOT_ID, id, HOST_BOOT_ID - 1);

	id[n > 0 ? n : 0] = '\0';
	id[strcspn(id, "\n")] = '\0';
	return n >= 0;
}

bool host_read(struct host *out, struct error *err)
{
	struct host host = {0};

	if (gethostname(host.name, sizeof(host.name) - 1) < 0)
		return error_sys(err, "cannot read the host name");
	if (!read_boot_id(host.boot_id))
		return error_sys(err, "cannot read " BOOT_ID);
	*out = host;
	return true;
}

void host_boot_id(char id[static HOST_BOOT_ID])
{
	read_boot_id(id);
}
