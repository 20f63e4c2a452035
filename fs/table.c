#include "fs.h"
#include "op/follow.h"
#include "op/op.h"
#include "route.h"

static void init(void *userdata, struct fuse_conn_info *conn)
{
	struct fs *fs = userdata;

	/*
	 * Nobody but this mount changes the files, so the kernel need not look again
	 * (AUTO_INVAL_DATA); times of writes are ours, and each write keeps the name of who made
	 * it, so no writeback cache. After an asynchronous direct write (ASYNC_DIO) the kernel
	 * leaves stale pages to those who read the file meanwhile.
	 */
	conn->want &= ~(unsigned int)(FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_WRITEBACK_CACHE |
				      FUSE_CAP_HANDLE_KILLPRIV | FUSE_CAP_ASYNC_DIO);
	conn->want |=
		conn->capable &
		(FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_READDIRPLUS |
			FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_ASYNC_READ | FUSE_CAP_EXPORT_SUPPORT |
			FUSE_CAP_CACHE_SYMLINKS | FUSE_CAP_NO_OPENDIR_SUPPORT | FUSE_CAP_DONT_MASK);
	/* The kernel has them where nobody asks otherwise. */
	if (!fs->config.cluster_locks)
		conn->want &= ~(unsigned int)(FUSE_CAP_POSIX_LOCKS | FUSE_CAP_FLOCK_LOCKS);
	if (fs->config.acl)
		conn->want |= conn->capable & FUSE_CAP_POSIX_ACL;
	conn->max_write = 1 << 20;
	conn->max_background = 64;
	conn->congestion_threshold = 48;
	pthread_mutex_lock(&fs->lock);
	fs->greeted = true;
	pthread_mutex_unlock(&fs->lock);
	follow_wake(fs);
}

/*
 * What is not here is answered ENOSYS by libfuse, and the kernel then does without: access
 * (default_permissions); and flush, where the kernel has the locks on files. OPENDIR and
 * RELEASEDIR libfuse answers by itself.
 */
const struct fuse_lowlevel_ops fs_operations = {
	.init = init,
	.lookup = route_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = route_getattr,
	.setattr = op_setattr,
	.readlink = route_readlink,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.symlink = op_symlink,
	.create = op_create,
	.link = route_link,
	.unlink = op_unlink,
	.rmdir = route_rmdir,
	.rename = route_rename,
	.open = route_open,
	.release = route_release,
	.fsync = route_fsync,
	.fsyncdir = route_fsyncdir,
	.read = route_read,
	.write = op_write,
	.fallocate = op_fallocate,
	.lseek = route_lseek,
	.copy_file_range = route_copy_file_range,
	.readdir = route_readdir,
	.readdirplus = route_readdirplus,
	.statfs = op_statfs,
	.flush = route_flush,
	.getlk = route_getlk,
	.setlk = route_setlk,
	.flock = route_flock,
	.setxattr = op_setxattr,
	.getxattr = route_getxattr,
	.listxattr = route_listxattr,
	.removexattr = op_removexattr,
	.ioctl = route_ioctl,
};
