#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "op/access.h"
#include "op/acl.h"
#include "op/call.h"
#include "op/change.h"
#include "op/flags.h"
#include "op/lock.h"
#include "op/need.h"
#include "op/op.h"
#include "op/quota.h"

void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct inode *inode;
	struct call c;
	int rc;

	call_begin(&c, req);
	rc = need_inode(&c, ino, &inode);
	call_end_attr(&c, rc, inode);
}

void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	char target[PATH_MAX] = "";
	struct inode *inode;
	struct call c;
	int rc;

	access_refresh(fuse_req_userdata(req));
	call_begin(&c, req);
	rc = need_inode(&c, ino, &inode);
	if (!rc && !S_ISLNK(inode->attr.mode))
		rc = EINVAL;
	if (rc) {
		call_end(&c, rc);
		return;
	}
	access_note(c.fs, inode);
	memcpy(target, inode->target, inode->target_len);
	target[inode->target_len] = '\0';
	call_leave(&c);
	fuse_reply_readlink(req, target);
}

#define SET_OWNER (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)
#define SET_TIMES                                                                                  \
	(FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_ATIME_NOW |                     \
		FUSE_SET_ATTR_MTIME_NOW)

/* With nothing to set, the kernel wants what chown(-1, -1) does: the set-id bits cleared. */
static enum op_kind setattr_kind(int to_set)
{
	if (!to_set)
		return OP_CHOWN;
	if (to_set & FUSE_SET_ATTR_SIZE)
		return to_set & SET_OWNER ? OP_SETATTR : OP_TRUNCATE;
	if (to_set & SET_OWNER)
		return OP_CHOWN;
	if (to_set & FUSE_SET_ATTR_MODE)
		return to_set & SET_TIMES ? OP_SETATTR : OP_CHMOD;
	return OP_UTIMENS;
}

static void set_times(struct inode_attr *attr, const struct stat *st, int to_set, int64_t now)
{
	if (to_set & FUSE_SET_ATTR_ATIME_NOW)
		attr->atime = now;
	else if (to_set & FUSE_SET_ATTR_ATIME)
		attr->atime = timespec_ns(&st->st_atim);
	if (to_set & FUSE_SET_ATTR_MTIME_NOW)
		attr->mtime = now;
	else if (to_set & FUSE_SET_ATTR_MTIME)
		attr->mtime = timespec_ns(&st->st_mtim);
}

static void set_owner(struct inode_attr *attr, const struct stat *st, int to_set)
{
	if (to_set & FUSE_SET_ATTR_UID)
		attr->uid = st->st_uid;
	if (to_set & FUSE_SET_ATTR_GID)
		attr->gid = st->st_gid;
}

/*
 * With nothing to set, the kernel wants the set-id bits cleared: before a write of somebody who may
 * not keep them, which is allowed, or for chown(-1, -1), which is the owner's alone. The request is
 * the same; but who writes has it open.
 */
static bool may_clear_setid(const struct call *c, const struct inode_attr *attr)
{
	struct inode_attr cleared = *attr;

	change_kill_setid(c, &cleared);
	return cleared.mode == attr->mode || c->ctx->uid == 0 || c->ctx->uid == attr->uid ||
	       handle_writes(&c->fs->state, attr->ino);
}

/* A removed directory that somebody is in, or a removed device that is open: there is no row any
 * more, and nobody else will see it. */
static int set_gone(
	const struct call *c, struct inode_attr *attr, const struct stat *st, int to_set)
{
	if (to_set & FUSE_SET_ATTR_SIZE)
		return ESTALE;
	if (to_set & FUSE_SET_ATTR_MODE)
		attr->mode = (attr->mode & S_IFMT) | (st->st_mode & 07777);
	set_owner(attr, st, to_set);
	if (to_set & SET_OWNER || !to_set)
		change_kill_setid(c, attr);
	set_times(attr, st, to_set, c->now);
	attr->ctime = c->now;
	return 0;
}

/* What chmod means where there is an access list. */
static void set_mode(struct call *c, struct inode *inode, mode_t mode)
{
	struct bytes name = name_bytes(ACL_ACCESS_NAME);
	struct xattr *x = xattr_find(inode, name);
	char *acl;

	inode->attr.mode = (inode->attr.mode & S_IFMT) | (mode & 07777);
	if (!x)
		return;
	acl = xmemdup(xattr_value(x).data, x->value_len);
	acl_set_mode(acl, x->value_len, mode);
	change_xattr(c, inode, name, (struct bytes){acl, x->value_len});
	free(acl);
}

/* An append-only file may get the time of now in both its times, an immutable one nothing. */
static uint32_t forbidding_flags(int to_set)
{
	int now = FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW | FUSE_SET_ATTR_MTIME |
		  FUSE_SET_ATTR_MTIME_NOW;

	return (to_set & ~FUSE_SET_ATTR_CTIME) == now ? FLAG_IMMUTABLE : FLAG_FROZEN;
}

/* A new owner has to have room for it. */
static int check_owner(struct call *c, const struct inode *inode, const struct stat *st, int to_set)
{
	struct inode_attr after = inode->attr;

	set_owner(&after, st, to_set);
	return to_set & SET_OWNER ? quota_check(c, inode, &after) : 0;
}

static int setattr(
	struct call *c, uint64_t ino, const struct stat *st, int to_set, struct inode **inode)
{
	/* Giving a file away always clears them; cutting it does where the caller may not keep
	 * them. */
	bool kill = to_set & SET_OWNER || !to_set || transport_kills_setid();
	struct inode_attr *attr;
	struct kept_op done;
	int rc = need_setid(c, ino, kill ? SETID_CLEARED : SETID_STAYS, inode);

	if (!rc && call_is_done(c, &done))
		return 0;
	if (!rc && to_set & FUSE_SET_ATTR_MODE)
		rc = need_xattrs(c, *inode);
	if (!rc)
		rc = need_room(c, ACL_BYTES_MAX);
	if (rc)
		return rc;
	rc = flags_forbid(*inode, forbidding_flags(to_set));
	if (rc)
		return rc;
	attr = &(*inode)->attr;
	if (!to_set && !may_clear_setid(c, attr))
		return EPERM;
	if ((*inode)->gone)
		return set_gone(c, attr, st, to_set);
	if (to_set & FUSE_SET_ATTR_SIZE && !S_ISREG(attr->mode))
		return S_ISDIR(attr->mode) ? EISDIR : EINVAL;
	if (to_set & FUSE_SET_ATTR_SIZE && st->st_size < 0)
		return EINVAL;
	if (to_set & FUSE_SET_ATTR_SIZE && (uint64_t)st->st_size > FILE_SIZE_MAX)
		return EFBIG;
	rc = check_owner(c, *inode, st, to_set);
	if (rc)
		return rc;
	change_begin(c, setattr_kind(to_set), ino);
	if (to_set & FUSE_SET_ATTR_MODE)
		set_mode(c, *inode, st->st_mode);
	set_owner(attr, st, to_set);
	if (kill)
		change_kill_setid(c, attr);
	if (to_set & FUSE_SET_ATTR_SIZE) {
		change_size(c, *inode, (uint64_t)st->st_size);
		attr->mtime = c->now;
	}
	set_times(attr, st, to_set, c->now);
	attr->ctime = c->now;
	change_inode(c, *inode, 0);
	change_end(c);
	return 0;
}

void op_setattr(
	fuse_req_t req, fuse_ino_t ino, struct stat *st, int to_set, struct fuse_file_info *fi)
{
	struct inode *inode = NULL;
	struct call c;
	int rc;

	call_begin_change(&c, req);
	rc = fi && to_set & FUSE_SET_ATTR_SIZE ? lock_check(&c, fi->fh) : 0;
	if (!rc)
		rc = setattr(&c, ino, st, to_set, &inode);
	call_end_attr(&c, rc, inode);
}
