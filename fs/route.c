#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "op/op.h"
#include "past/past.h"
#include "route.h"

/*
 * Requests that read the past go to the operations for that; everything else goes to the others,
 * which refuse to change it (need_inode).
 */

/* The node that is meant: a mount of the past has its root there. */
static fuse_ino_t node_of(fuse_req_t req, fuse_ino_t ino)
{
	const struct fs *fs = fuse_req_userdata(req);

	if (fs->config.at_op && ino == FUSE_ROOT_ID)
		return past_node(fs->past, fs->config.at_op, FUSE_ROOT_ID);
	return ino;
}

static bool is_magic(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	const struct fs *fs = fuse_req_userdata(req);

	return parent == FUSE_ROOT_ID && fs->config.magic && !strcmp(name, PAST_NAME);
}

void route_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	parent = node_of(req, parent);
	if (past_is(parent) || is_magic(req, parent, name))
		past_lookup(req, parent, name);
	else
		op_lookup(req, parent, name);
}

void route_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	ino = node_of(req, ino);
	if (past_is(ino))
		past_getattr(req, ino);
	else
		op_getattr(req, ino, fi);
}

void route_readlink(fuse_req_t req, fuse_ino_t ino)
{
	if (past_is(ino))
		past_readlink(req, ino);
	else
		op_readlink(req, ino);
}

void route_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	if (past_is(ino))
		past_open(req, ino, fi);
	else
		op_open(req, ino, fi);
}

void route_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	if (past_is(ino))
		fuse_reply_err(req, 0);
	else
		op_release(req, ino, fi);
}

void route_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	if (past_is(node_of(req, ino)))
		fuse_reply_err(req, 0);
	else
		op_fsync(req, ino, datasync, fi);
}

void route_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	if (past_is(node_of(req, ino)))
		fuse_reply_err(req, 0);
	else
		op_fsyncdir(req, ino, datasync, fi);
}

void route_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	if (past_is(ino))
		past_read(req, ino, size, off);
	else
		op_read(req, ino, size, off, fi);
}

void route_readdir(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	ino = node_of(req, ino);
	if (past_is(ino))
		past_readdir(req, ino, size, off, false);
	else
		op_readdir(req, ino, size, off, fi);
}

void route_readdirplus(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	ino = node_of(req, ino);
	if (past_is(ino))
		past_readdir(req, ino, size, off, true);
	else
		op_readdirplus(req, ino, size, off, fi);
}

void route_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence, struct fuse_file_info *fi)
{
	if (past_is(ino))
		past_lseek(req, ino, off, whence);
	else
		op_lseek(req, ino, off, whence, fi);
}

void route_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	const struct fs *fs = fuse_req_userdata(req);

	if (past_is(ino))
		fuse_reply_err(req, 0);
	else if (!fs->locking)
		op_flush_shared(req, ino);
	else
		op_flush(req, ino, fi);
}

/* Nobody writes what is past, so who reads it is in nobody's way. */

void route_getlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *range)
{
	if (past_is(ino)) {
		range->l_type = F_UNLCK;
		fuse_reply_lock(req, range);
	} else {
		op_getlk(req, ino, fi, range);
	}
}

void route_setlk(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *range, int sleep)
{
	if (past_is(ino))
		fuse_reply_err(req, range->l_type == F_WRLCK ? ENOLCK : 0);
	else
		op_setlk(req, ino, fi, range, sleep);
}

void route_flock(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, int op)
{
	if (past_is(ino))
		fuse_reply_err(req, op & LOCK_EX ? ENOLCK : 0);
	else
		op_flock(req, ino, fi, op);
}

/* From the past the kernel reads and writes instead. */
void route_copy_file_range(fuse_req_t req, fuse_ino_t ino_in, off_t off_in,
	struct fuse_file_info *fi_in, fuse_ino_t ino_out, off_t off_out,
	struct fuse_file_info *fi_out, size_t len, int flags)
{
	if (past_is(ino_in) && !past_is(ino_out))
		fuse_reply_err(req, EXDEV);
	else
		op_copy_file_range(
			req, ino_in, off_in, fi_in, ino_out, off_out, fi_out, len, flags);
}

void route_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	ino = node_of(req, ino);
	if (past_is(ino))
		past_getxattr(req, ino, name, size);
	else
		op_getxattr(req, ino, name, size);
}

void route_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	ino = node_of(req, ino);
	if (past_is(ino))
		past_listxattr(req, ino, size);
	else
		op_listxattr(req, ino, size);
}

void route_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int cmd, void *arg,
	struct fuse_file_info *fi, unsigned int flags, const void *in, size_t in_len,
	size_t out_len)
{
	fuse_ino_t node = node_of(req, ino);

	if (past_is(node))
		past_ioctl(req, node, cmd, in_len, out_len);
	else
		op_ioctl(req, ino, cmd, arg, fi, flags, in, in_len, out_len);
}

void route_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	if (past_is(ino) && !past_is(node_of(req, parent)))
		fuse_reply_err(req, EXDEV);
	else
		op_link(req, ino, parent, name);
}

/* The kernel asks to remove .thule itself when someone tries: it is not there to be removed. */
void route_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	if (is_magic(req, parent, name))
		fuse_reply_err(req, EBUSY);
	else
		op_rmdir(req, parent, name);
}

void route_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
	const char *new_name, unsigned int flags)
{
	if (is_magic(req, parent, name) || is_magic(req, new_parent, new_name))
		fuse_reply_err(req, EBUSY);
	else
		op_rename(req, parent, name, new_parent, new_name, flags);
}
