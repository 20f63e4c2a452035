#include <errno.h>

#include "op/call.h"
#include "op/quota.h"

/*
 * As the kernel's own filesystems have it for those with CAP_SYS_RESOURCE: root may go past the
 * limits of users and groups. That of a tree is for everybody.
 */
static bool exempt(const struct call *c)
{
	return (c->deferred ? c->actor->uid : c->ctx->uid) == 0;
}

int quota_check(struct call *c, const struct inode *inode, const struct inode_attr *after)
{
	static const struct charge nothing;
	struct charge to = charge_of(after);

	to.bytes += inode ? inode->xattr_bytes : 0;
	return quota_allows(c->fs->state.quotas, inode ? &inode->charge : &nothing, &to, exempt(c))
		       ? 0
		       : EDQUOT;
}

int quota_check_xattrs(struct call *c, const struct inode *inode, uint64_t bytes)
{
	struct charge to = charge_of(&inode->attr);

	to.bytes += bytes;
	return quota_allows(c->fs->state.quotas, &inode->charge, &to, exempt(c)) ? 0 : EDQUOT;
}

static int check_write(struct call *c, const struct inode *inode, uint64_t off, uint64_t len)
{
	struct inode_attr after = inode->attr;

	allocated_write(&after, off, len);
	return quota_check(c, inode, &after);
}

uint64_t quota_overlap(const struct inode_attr *attr, uint64_t off, uint64_t len)
{
	uint64_t end = attr->size > off ? attr->size - off : 0;
	uint64_t most = end < attr->allocated ? end : attr->allocated;

	return len < most ? len : most;
}

int quota_check_past(struct call *c, const struct inode *inode, uint64_t bytes)
{
	return exempt(c) || quota_allows_past(c->fs->state.quotas, inode->attr.uid, bytes) ? 0
											   : EDQUOT;
}

int quota_fit_write(struct call *c, const struct inode *inode, uint64_t off, uint32_t *len)
{
	uint32_t fits = 0, too_much = *len;
	int rc;

	if (!c->fs->state.quotas || !*len)
		return 0;
	rc = quota_check_past(c, inode, quota_overlap(&inode->attr, off, *len));
	if (rc)
		return rc;
	if (!check_write(c, inode, off, *len))
		return 0;
	while (too_much - fits > 1) {
		uint32_t middle = fits + (too_much - fits) / 2;
		if (check_write(c, inode, off, middle))
			too_much = middle;
		else
			fits = middle;
	}
	*len = fits;
	return fits ? 0 : EDQUOT;
}

int quota_same_tree(const struct inode *a, const struct inode *b)
{
	return a->attr.project == b->attr.project ? 0 : EXDEV;
}
