#include <errno.h>
#include <linux/limits.h>
#include <linux/xattr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "op/acl.h"
#include "op/call.h"
#include "op/change.h"
#include "op/flags.h"
#include "op/need.h"
#include "op/op.h"
#include "op/quota.h"
#include "op/xattr.h"

static bool is_acl(const char *name)
{
	return !strcmp(name, ACL_ACCESS_NAME) || !strcmp(name, ACL_DEFAULT_NAME);
}

/* The kernel checks who may do what to which namespace (xattr(7)), and the lengths; these are the
 * namespaces there are, and a name has more than that. Returns an errno. */
static int check_name(const char *name)
{
	static const char *const prefixes[] = {
		XATTR_USER_PREFIX, XATTR_TRUSTED_PREFIX, XATTR_SECURITY_PREFIX};

	if (is_acl(name))
		return 0;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		size_t len = strlen(prefixes[i]);
		if (!strncmp(name, prefixes[i], len))
			return name[len] ? 0 : EINVAL;
	}
	return EOPNOTSUPP;
}

static bool is_label(const char *name)
{
	return !strcmp(name, XATTR_NAME_SELINUX);
}

/* Bytes of the list of names, with what one more name would add: the kernel lists no more than
 * XATTR_LIST_MAX. */
static size_t list_length(const struct inode *inode, uint32_t more)
{
	size_t len = more ? more + 1 : 0;

	for (const struct xattr *x = inode->xattrs; x; x = x->next)
		len += x->name_len + 1;
	return len;
}

static int need_attributes(struct call *c, uint64_t ino, struct inode **inode)
{
	int rc = need_inode(c, ino, inode);

	/* The kernel still asks for the access list of a removed directory that somebody is in. */
	if (!rc && !(*inode)->gone)
		rc = need_xattrs(c, *inode);
	return rc;
}

/* The same of an inode whose attributes are to be changed. */
static int need_changeable(struct call *c, uint64_t ino, struct inode **inode)
{
	int rc = need_attributes(c, ino, inode);

	if (!rc && (*inode)->gone)
		rc = ESTALE;
	return rc ? rc : flags_forbid(*inode, FLAG_FROZEN);
}

struct setxattr {
	const char *name;
	struct bytes value;
	int flags;
};

/* An access list also sets the permission bits, and is not kept when it says no more than they do.
 */
static int set_access_acl(struct call *c, struct inode *inode, const struct setxattr *s)
{
	struct bytes name = name_bytes(ACL_ACCESS_NAME);
	bool minimal;
	mode_t bits;

	if (!acl_valid(s->value))
		return EINVAL;
	bits = acl_mode(s->value, &minimal);
	inode->attr.mode = (inode->attr.mode & ~0777u) | bits;
	if (c->stranger)
		inode->attr.mode &= ~(uint32_t)S_ISGID;
	change_begin(c, OP_SETXATTR, inode->ino);
	c->record.name = name;
	c->record.len = s->value.len;
	if (!minimal)
		change_xattr(c, inode, name, s->value);
	else if (xattr_find(inode, name))
		change_xattr_gone(c, inode, name);
	return 0;
}

static int set_xattr(struct call *c, uint64_t ino, const struct setxattr *s)
{
	struct bytes name = name_bytes(s->name);
	struct inode *inode;
	const struct xattr *before;
	bool acl = !strcmp(s->name, ACL_ACCESS_NAME), exists;
	struct kept_op done;
	int rc;

	if (call_is_done(c, &done))
		return 0;
	/* Who sets one keeps the set-group-id bit only of a group that they are in. */
	rc = need_setid(c, ino, acl ? SETID_OF_ACL : SETID_STAYS, &inode);
	if (!rc)
		rc = need_changeable(c, ino, &inode);
	if (!rc)
		rc = need_space(c, s->value.len + name.len + 1);
	if (rc)
		return rc;
	c->fs->state.labels |= is_label(s->name);
	before = xattr_find(inode, name);
	exists = before != NULL;
	if (exists && s->flags & XATTR_CREATE)
		return EEXIST;
	if (!exists && s->flags & XATTR_REPLACE)
		return ENODATA;
	if (!exists && list_length(inode, name.len) > XATTR_LIST_MAX)
		return ENOSPC;
	if (!strcmp(s->name, ACL_DEFAULT_NAME) && !acl_valid(s->value))
		return EINVAL;
	rc = quota_check_past(c, inode, before ? before->value_len : 0);
	if (!rc)
		rc = quota_check_xattrs(c, inode,
			inode->xattr_bytes + name.len + s->value.len -
				(before ? name.len + before->value_len : 0));
	if (rc)
		return rc;
	if (acl) {
		rc = set_access_acl(c, inode, s);
		if (rc)
			return rc;
	} else {
		change_begin(c, OP_SETXATTR, ino);
		c->record.name = name;
		c->record.len = s->value.len;
		change_xattr(c, inode, name, s->value);
	}
	inode->attr.ctime = c->now;
	change_inode(c, inode, 0);
	change_end(c);
	return 0;
}

void op_setxattr(
	fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags)
{
	struct setxattr s = {.name = name, .value = {value, (uint32_t)size}, .flags = flags};
	struct call c;

	if (check_name(name)) {
		fuse_reply_err(req, check_name(name));
		return;
	}
	call_begin_change(&c, req);
	call_end(&c, set_xattr(&c, ino, &s));
}

static int remove_xattr(struct call *c, uint64_t ino, struct bytes name)
{
	struct kept_op done;
	struct inode *inode;
	int rc;

	if (call_is_done(c, &done))
		return 0;
	rc = need_changeable(c, ino, &inode);
	if (!rc)
		rc = need_room(c, name.len + 1);
	if (rc)
		return rc;
	/* The kernel's own filesystems do not mind when there is no list to take away. */
	if (!xattr_find(inode, name))
		return is_acl(name.data) ? 0 : ENODATA;
	change_begin(c, OP_REMOVEXATTR, ino);
	c->record.name = name;
	change_xattr_gone(c, inode, name);
	inode->attr.ctime = c->now;
	change_inode(c, inode, 0);
	change_end(c);
	return 0;
}

void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct call c;

	if (check_name(name)) {
		fuse_reply_err(req, check_name(name));
		return;
	}
	call_begin_change(&c, req);
	call_end(&c, remove_xattr(&c, ino, name_bytes(name)));
}

void reply_xattr(fuse_req_t req, const void *data, size_t len, size_t size)
{
	if (size == 0)
		fuse_reply_xattr(req, len);
	else if (len > size)
		fuse_reply_err(req, ERANGE);
	else
		fuse_reply_buf(req, data, len);
}

/* Takes data. */
static void end_xattr(struct call *c, void *data, size_t len, size_t size)
{
	call_leave(c);
	reply_xattr(c->req, data, len, size);
	free(data);
}

/* It is of no inode: that it was asked for says that the mount can be reached. */
static void tell_pass(fuse_req_t req, size_t size)
{
	struct fs *fs = fuse_req_userdata(req);
	char text[PASS_TEXT_SIZE];

	pass_tell(&fs->pass, text);
	reply_xattr(req, text, PASS_TEXT_SIZE - 1, size);
}

void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct inode *inode;
	struct xattr *x = NULL;
	struct bytes value;
	struct call c;
	int rc = check_name(name);

	if (rc && !strcmp(name, PASS_XATTR)) {
		call_begin(&c, req);
		rc = need_caught_up(&c);
		call_leave(&c);
		if (!rc)
			tell_pass(req, size);
		else if (rc != CALL_SUSPENDED)
			fuse_reply_err(req, rc);
		return;
	}
	if (rc) {
		fuse_reply_err(req, rc);
		return;
	}
	call_begin(&c, req);
	/* `ls -l` asks for the label of each file, until it is told that there are none here. */
	rc = is_label(name) && !c.fs->state.labels ? EOPNOTSUPP : need_attributes(&c, ino, &inode);
	if (!rc && !(x = xattr_find(inode, name_bytes(name))))
		rc = ENODATA;
	if (!rc && size)
		rc = need_value(&c, inode, x);
	if (rc) {
		call_end(&c, rc);
		return;
	}
	value = size ? xattr_value(x) : (struct bytes){NULL, x->value_len};
	end_xattr(&c, value.data ? xmemdup(value.data, value.len) : NULL, value.len, size);
}

bool xattr_listed(struct bytes name, uid_t uid)
{
	return uid == 0 || name.len <= XATTR_TRUSTED_PREFIX_LEN ||
	       memcmp(name.data, XATTR_TRUSTED_PREFIX, XATTR_TRUSTED_PREFIX_LEN) != 0;
}

void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	struct buf list = {0};
	struct inode *inode;
	struct call c;
	int rc;

	call_begin(&c, req);
	rc = need_attributes(&c, ino, &inode);
	if (rc) {
		call_end(&c, rc);
		return;
	}
	for (const struct xattr *x = inode->xattrs; x; x = x->next) {
		if (!xattr_listed(xattr_name(x), c.ctx->uid))
			continue;
		buf_add(&list, x->name, x->name_len);
		buf_add(&list, "", 1);
	}
	end_xattr(&c, list.data, list.len, size);
}
