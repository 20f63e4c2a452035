#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/stat.h>

#include "op/call.h"
#include "op/change.h"
#include "op/flags.h"
#include "op/need.h"
#include "op/op.h"

/*
 * The flags of chattr(1), which are read and set by ioctl: FS_IOC_GETFLAGS and FS_IOC_SETFLAGS, and
 * the same in the terms of FS_IOC_FSGETXATTR (ioctl_iflags(2), linux/fs.h). The kernel checks who
 * may set them.
 */
#define SETTABLE (FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL)

static const struct {
	uint32_t flag, xflag;
} xflags[] = {
	{FS_IMMUTABLE_FL, FS_XFLAG_IMMUTABLE},
	{FS_APPEND_FL, FS_XFLAG_APPEND},
	{FS_NODUMP_FL, FS_XFLAG_NODUMP},
	{FS_NOATIME_FL, FS_XFLAG_NOATIME},
};
#define XFLAGS (sizeof(xflags) / sizeof(xflags[0]))

static uint32_t to_xflags(uint32_t flags)
{
	uint32_t x = 0;

	for (size_t i = 0; i < XFLAGS; i++)
		if (flags & xflags[i].flag)
			x |= xflags[i].xflag;
	return x;
}

/* False when there is one that has no meaning here. */
static bool from_xflags(uint32_t x, uint32_t *flags)
{
	*flags = 0;
	for (size_t i = 0; i < XFLAGS; i++) {
		if (x & xflags[i].xflag)
			*flags |= xflags[i].flag;
		x &= ~xflags[i].xflag;
	}
	return x == 0;
}

/* What is asked for, out of the caller's bytes; EOPNOTSUPP for what cannot be set. */
static int parse(unsigned int cmd, const void *in, const struct inode *inode, uint32_t *flags)
{
	struct fsxattr x;

	if (cmd == FS_IOC_SETFLAGS) {
		memcpy(flags, in, sizeof(*flags));
		return *flags & ~(uint32_t)SETTABLE ? EOPNOTSUPP : 0;
	}
	memcpy(&x, in, sizeof(x));
	if (x.fsx_extsize || x.fsx_cowextsize || x.fsx_projid != inode->attr.project)
		return EOPNOTSUPP;
	return from_xflags(x.fsx_xflags, flags) ? 0 : EOPNOTSUPP;
}

static int set_flags(struct call *c, uint64_t ino, unsigned int cmd, const void *in)
{
	struct kept_op done;
	struct inode *inode;
	uint32_t flags;
	int rc;

	if (call_is_done(c, &done))
		return 0;
	rc = need_inode(c, ino, &inode);
	if (!rc)
		rc = need_room(c, 0);
	if (rc)
		return rc;
	if (inode->gone)
		return ESTALE;
	rc = parse(cmd, in, inode, &flags);
	/* To set what is set already changes ctime, as elsewhere. */
	if (rc)
		return rc;
	change_begin(c, OP_SETFLAGS, ino);
	inode->attr.flags = flags;
	inode->attr.ctime = c->now;
	change_inode(c, inode, 0);
	change_end(c);
	return 0;
}

void reply_flags(fuse_req_t req, unsigned int cmd, const struct inode_attr *attr)
{
	struct fsxattr x = {.fsx_xflags = to_xflags(attr->flags), .fsx_projid = attr->project};

	if (cmd == FS_IOC_GETFLAGS)
		fuse_reply_ioctl(req, 0, &attr->flags, sizeof(attr->flags));
	else
		fuse_reply_ioctl(req, 0, &x, sizeof(x));
}

static void get_flags(fuse_req_t req, uint64_t ino, unsigned int cmd)
{
	struct inode_attr attr;
	struct inode *inode;
	struct call c;
	int rc;

	call_begin(&c, req);
	rc = need_inode(&c, ino, &inode);
	if (rc) {
		call_end(&c, rc);
		return;
	}
	attr = inode->attr;
	call_leave(&c);
	reply_flags(req, cmd, &attr);
}

/* The bytes that a command reads from and writes to the caller; 0 for commands that there are not.
 */
static size_t in_size(unsigned int cmd)
{
	return cmd == FS_IOC_SETFLAGS     ? sizeof(uint32_t)
	       : cmd == FS_IOC_FSSETXATTR ? sizeof(struct fsxattr)
					  : 0;
}

static size_t out_size(unsigned int cmd)
{
	return cmd == FS_IOC_GETFLAGS     ? sizeof(uint32_t)
	       : cmd == FS_IOC_FSGETXATTR ? sizeof(struct fsxattr)
					  : 0;
}

bool flags_asked(unsigned int cmd, size_t out_len)
{
	return out_size(cmd) && out_len >= out_size(cmd);
}

bool flags_told(unsigned int cmd, size_t in_len)
{
	return in_size(cmd) && in_len >= in_size(cmd);
}

void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int cmd, void *arg,
	struct fuse_file_info *fi, unsigned int flags, const void *in, size_t in_len,
	size_t out_len)
{
	struct call c;
	int rc;

	if (flags_asked(cmd, out_len)) {
		get_flags(req, ino, cmd);
	} else if (flags_told(cmd, in_len)) {
		call_begin_change(&c, req);
		rc = set_flags(&c, ino, cmd, in);
		if (rc) {
			call_end(&c, rc);
		} else {
			call_leave(&c);
			transport_attr_changed(c.fs->transport, ino);
			fuse_reply_ioctl(req, 0, NULL, 0);
		}
	} else {
		fuse_reply_err(req, ENOTTY);
	}
}
