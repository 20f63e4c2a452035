#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "state/state.h"

/* Where the one with that name hangs, or where the next would. */
static struct xattr **find_link(struct inode *inode, struct bytes name)
{
	struct xattr **link = &inode->xattrs;

	while (*link &&
		((*link)->name_len != name.len || memcmp((*link)->bytes, name.data, name.len) != 0))
		link = &(*link)->next;
	return link;
}

bool xattrs_known(const struct inode *inode)
{
	return inode->xattrs_known || inode->attr.xattrs == 0;
}

struct xattr *xattr_find(struct inode *inode, struct bytes name)
{
	return *find_link(inode, name);
}

void xattr_set(struct inode *inode, struct bytes name, struct bytes value)
{
	struct xattr **link = find_link(inode, name), *old = *link;
	struct xattr *x = xcalloc(1, sizeof(*x) + name.len + value.len);

	x->name_len = name.len;
	x->value_len = value.len;
	memcpy(x->bytes, name.data, name.len);
	if (value.len)
		memcpy(x->bytes + name.len, value.data, value.len);
	x->next = old ? old->next : NULL;
	*link = x;
	free(old);
}

void xattr_drop(struct inode *inode, struct bytes name)
{
	struct xattr **link = find_link(inode, name), *old = *link;

	if (old)
		*link = old->next;
	free(old);
}

void xattrs_forget(struct inode *inode)
{
	while (inode->xattrs) {
		struct xattr *next = inode->xattrs->next;
		free(inode->xattrs);
		inode->xattrs = next;
	}
	inode->xattrs_known = false;
}
