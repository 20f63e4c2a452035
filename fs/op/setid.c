#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "op/call.h"
#include "op/change.h"
#include "op/need.h"

#define CALLER_GROUPS 1024 /* who has more counts as a member of none of them */

/* The set-group-id bit of a file that its group may not execute is kept by members of the group. */
static bool members_keep(const struct inode_attr *attr, enum setid_use use)
{
	return use != SETID_STAYS && attr->mode & S_ISGID &&
	       (use == SETID_OF_ACL || !(attr->mode & S_IXGRP));
}

/* Reads /proc, so not under the lock. */
static bool in_group(fuse_req_t req, gid_t gid)
{
	gid_t *groups = xcalloc(CALLER_GROUPS, sizeof(*groups));
	int n = fuse_req_getgroups(req, CALLER_GROUPS, groups);
	bool found = false;

	for (int i = 0; i < n && n <= CALLER_GROUPS; i++)
		found = found || groups[i] == gid;
	free(groups);
	return found;
}

int need_setid(struct call *c, uint64_t ino, enum setid_use use, struct inode **inode)
{
	int rc = need_inode(c, ino, inode);
	gid_t gid;

	c->stranger = false;
	if (rc || c->ctx->uid == 0 || !members_keep(&(*inode)->attr, use))
		return rc;
	gid = (*inode)->attr.gid;
	if (c->ctx->gid == gid)
		return 0;
	pthread_mutex_unlock(&c->fs->lock);
	c->stranger = !in_group(c->req, gid);
	pthread_mutex_lock(&c->fs->lock);
	return need_inode(c, ino, inode);
}

void change_kill_setid(const struct call *c, struct inode_attr *attr)
{
	if (S_ISDIR(attr->mode))
		return;
	attr->mode &= ~(uint32_t)S_ISUID;
	if (attr->mode & S_IXGRP || c->stranger)
		attr->mode &= ~(uint32_t)S_ISGID;
}
