#pragma once

#include <fuse_lowlevel.h>

/* The table of the operations, for libfuse. */
extern const struct fuse_lowlevel_ops fs_operations;

/* The operations of the table that may be about the past (past/past.h): each goes there, or to
 * op_*().
 */
void route_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void route_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void route_readlink(fuse_req_t req, fuse_ino_t ino);
void route_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void route_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void route_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void route_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void route_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void route_readdir(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void route_readdirplus(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void route_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence, struct fuse_file_info *fi);
void route_copy_file_range(fuse_req_t req, fuse_ino_t ino_in, off_t off_in,
	struct fuse_file_info *fi_in, fuse_ino_t ino_out, off_t off_out,
	struct fuse_file_info *fi_out, size_t len, int flags);
void route_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void route_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);
void route_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int cmd, void *arg,
	struct fuse_file_info *fi, unsigned int flags, const void *in, size_t in_len,
	size_t out_len);
void route_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void route_getlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *range);
void route_setlk(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *range, int sleep);
void route_flock(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, int op);
void route_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name);
void route_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void route_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
	const char *new_name, unsigned int flags);
