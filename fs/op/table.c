#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "op/route.h"

void op_init(void *userdata, struct fuse_conn_info *conn)
{
	const struct fs *fs = userdata;

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
	if (fs->config.acl)
		conn->want |= conn->capable & FUSE_CAP_POSIX_ACL;
	conn->max_write = 1 << 20;
	conn->max_background = 64;
	conn->congestion_threshold = 48;
}

struct statfs_wait {
	struct fs *fs;
	struct reply reply;
};

/* Of a mount of the past nobody needs to know what is kept in reserve. */
static bool disk_of(struct fs *fs, struct disk_space *out)
{
	bool known;

	if (!fs->journal) {
		known = disk_look(&fs->disk, out);
		if (known)
			out->room = (int64_t)out->free;
		return known;
	}
	journal_look(fs->journal);
	pthread_mutex_lock(&fs->lock);
	known = journal_disk(fs->journal, out);
	pthread_mutex_unlock(&fs->lock);
	return known;
}

/* On a server of another host nobody says how full its disk is; so there is always as much again,
 * and more. */
#define UNKNOWN_FREE_BYTES (UINT64_C(1) << 40)

static void statfs_done(struct reader_query *q, const PGresult *res, const struct error *err)
{
	struct statfs_wait *w = q->arg;
	struct statvfs st = {.f_bsize = 4096, .f_frsize = 4096, .f_namemax = NAME_MAX_BYTES};
	struct disk_space disk;
	uint64_t used, inodes;

	transport_reply(&w->reply);
	if (err) {
		log_error("%s", err->text);
		fuse_reply_err(w->reply.req, error_to_errno(err));
	} else {
		used = (uint64_t)result_int(res, 0, 0) / st.f_bsize;
		inodes = (uint64_t)result_int(res, 0, 1);
		st.f_bavail = st.f_bfree = UNKNOWN_FREE_BYTES / st.f_bsize;
		if (disk_of(w->fs, &disk)) {
			st.f_bavail = (uint64_t)disk.room / st.f_frsize;
			/* The difference is what is kept for the server's log and for removing. */
			st.f_bfree = disk.free / st.f_frsize;
			if (st.f_bfree < st.f_bavail)
				st.f_bfree = st.f_bavail;
		}
		st.f_blocks = used + st.f_bfree;
		st.f_files = UINT32_MAX;
		st.f_ffree = st.f_favail = inodes < st.f_files ? st.f_files - inodes : 0;
		fuse_reply_statfs(w->reply.req, &st);
	}
	transport_done();
	free(w);
	free(q);
}

void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct fs *fs = fuse_req_userdata(req);
	struct statfs_wait *w = xcalloc(1, sizeof(*w));

	w->fs = fs;
	w->reply = transport_later(req);
	reader_submit(fs->reader, reader_query_new(STMT_READ_SIZE, statfs_done, w));
}

/*
 * What is not here is answered ENOSYS by libfuse, and the kernel then does without: flush (there is
 * nothing to do at close that release does not), opendir and releasedir (offsets are stable, a
 * listing has no state), access (default_permissions).
 */
const struct fuse_lowlevel_ops fs_operations = {
	.init = op_init,
	.lookup = route_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = route_getattr,
	.setattr = route_setattr,
	.readlink = route_readlink,
	.mknod = route_mknod,
	.mkdir = route_mkdir,
	.symlink = route_symlink,
	.create = route_create,
	.link = route_link,
	.unlink = route_unlink,
	.rmdir = route_rmdir,
	.rename = route_rename,
	.open = route_open,
	.release = route_release,
	.fsync = route_fsync,
	.fsyncdir = route_fsync,
	.read = route_read,
	.write = op_write,
	.fallocate = route_fallocate,
	.lseek = route_lseek,
	.copy_file_range = route_copy_file_range,
	.readdir = route_readdir,
	.readdirplus = route_readdirplus,
	.statfs = op_statfs,
	.setxattr = route_setxattr,
	.getxattr = route_getxattr,
	.listxattr = route_listxattr,
	.removexattr = route_removexattr,
	.ioctl = route_ioctl,
};
