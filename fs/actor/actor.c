#include "actor/actor.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct actor *actor_ref(struct actor *actor)
{
	if (actor)
		atomic_fetch_add_explicit(&actor->refs, 1, memory_order_relaxed);
	return actor;
}

void actor_unref(struct actor *actor)
{
	if (!actor || atomic_fetch_sub_explicit(&actor->refs, 1, memory_order_acq_rel) > 1)
		return;
	free(actor->exe);
	free(actor->comm);
	free(actor->cmdline);
	free(actor->cgroup);
	free(actor->cwd);
	free(actor->chain);
	free(actor->unit);
	free(actor->username);
	free(actor->run);
	free(actor->tag);
	free(actor);
}

bool actor_host_read(struct actor_host *out, struct error *err)
{
	struct actor_host host = {0};
	int fd;
	ssize_t n;

	if (gethostname(host.host, sizeof(host.host) - 1) < 0)
		return error_sys(err, "cannot read the host name");
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, "cannot open /proc/sys/kernel/random/boot_id");
	n = read(fd, host.boot_id, sizeof(host.boot_id) - 1);
	if (n < 0) {
		error_sys(err, "cannot read /proc/sys/kernel/random/boot_id");
		close(fd);
		return false;
	}
	close(fd);
	host.boot_id[strcspn(host.boot_id, "\n")] = '\0';
	*out = host;
	return true;
}
