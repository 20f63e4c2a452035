#include "door/peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"

/* Returns whether this is the number that shows every user who has none in our user namespace, as
 * well as the one user who really has it. */
static bool is_overflow(uid_t uid)
{
	unsigned int overflow = 65534, first, outside, count = 0;
	FILE *f = fopen("/proc/sys/kernel/overflowuid", "re");

	if (f && fscanf(f, "%u", &overflow) != 1)
		overflow = 65534;
	if (f)
		fclose(f);
	if (uid != overflow)
		return false;
	f = fopen("/proc/self/uid_map", "re");
	if (!f || fscanf(f, "%u %u %u", &first, &outside, &count) != 3)
		count = 0;
	if (f)
		fclose(f);
	return count != UINT32_MAX;
}

/* Reads supplementary groups (SO_PEERGROUPS, Linux 4.13). */
static gid_t *groups_of(int fd, size_t *count)
{
	socklen_t len = 64 * sizeof(gid_t);
	gid_t *groups = xcalloc(1, len);
	int rc;

	while ((rc = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len)) < 0 &&
		errno == ERANGE)
		groups = xrealloc(groups, len);
	*count = rc == 0 ? len / sizeof(gid_t) : 0;
	return groups;
}

bool peer_read(int fd, struct peer *out, struct error *err)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct buf text = {0};
	char number[16];
	size_t count;
	gid_t *groups;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return error_sys(err, "cannot tell which user asks");
	if (cred.uid == (uid_t)-1 || is_overflow(cred.uid))
		return error_set(err, ERR_AUTH,
			"the user who asks has no number in the user namespace of this mount");
	groups = groups_of(fd, &count);
	buf_add(&text, number, (size_t)snprintf(number, sizeof(number), "{%u", cred.uid));
	buf_add(&text, number, (size_t)snprintf(number, sizeof(number), ",%u", cred.gid));
	for (size_t i = 0; i < count; i++)
		buf_add(&text, number, (size_t)snprintf(number, sizeof(number), ",%u", groups[i]));
	buf_add(&text, "}", 2);
	free(groups);
	*out = (struct peer){cred.pid, cred.uid, cred.gid, text.data};
	return true;
}

void peer_release(struct peer *p)
{
	free(p->viewer);
	p->viewer = NULL;
}
