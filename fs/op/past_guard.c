#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "op/past.h"

void past_caller_get(struct past_caller *c, fuse_req_t req)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	int n;

	*c = (struct past_caller){.uid = ctx->uid};
	/* Root needs no groups. libfuse reads them from /proc; a process that cannot be read has
	 * only the one that came with the request. */
	n = ctx->uid ? fuse_req_getgroups(req, 0, NULL) : 0;
	c->groups = xcalloc((size_t)(n > 0 ? n : 0) + 1, sizeof(*c->groups));
	c->groups[0] = ctx->gid;
	c->group_count = 1;
	if (n > 0 && (n = fuse_req_getgroups(req, n, c->groups + 1)) > 0)
		c->group_count += (size_t)n;
}

void past_caller_release(struct past_caller *c)
{
	free(c->groups);
	c->groups = NULL;
}

static bool in_group(const struct past_caller *c, gid_t gid)
{
	for (size_t i = 0; i < c->group_count; i++)
		if (c->groups[i] == gid)
			return true;
	return false;
}

/* POSIX: the first class that the caller belongs to decides. */
static bool may(const struct past_caller *c, unsigned int mode, uid_t uid, gid_t gid, int want)
{
	unsigned int bits = c->uid == uid ? mode >> 6 : in_group(c, gid) ? mode >> 3 : mode;

	return (bits & 7 & (unsigned int)want) == (unsigned int)want;
}

bool past_allowed(const struct past_caller *c, const char *guard, int want)
{
	unsigned int mode, uid, gid;
	int n;

	if (c->uid == 0)
		return true;
	for (; sscanf(guard, "%u %u %u%n", &mode, &uid, &gid, &n) == 3; want = X_OK) {
		if (!may(c, mode, uid, gid, want))
			return false;
		guard += n;
		if (*guard != ';')
			break;
		guard++;
	}
	return true;
}
