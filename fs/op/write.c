#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "op/call.h"
#include "op/change.h"
#include "op/flags.h"
#include "op/lock.h"
#include "op/need.h"
#include "op/op.h"
#include "op/quota.h"

/*
 * The kernel says where the end is that O_APPEND means, by the size that it knows. Where something
 * else than the kernel has changed that (an undo), here is who knows, and what the kernel keeps of
 * the write is at the wrong place.
 */
static uint64_t append_at(struct call *c, struct inode *inode, uint64_t off)
{
	if (!inode->resized || off == inode->attr.size)
		return off;
	inode_misplaced(&c->fs->state, inode);
	return inode->attr.size;
}

/* *data shrinks to what goes into the largest file, and to what a quota allows. */
static int write_file(
	struct call *c, uint64_t ino, struct bytes *data, uint64_t off, uint64_t fh, bool append)
{
	struct inode_attr *attr;
	struct kept_op done;
	struct inode *inode;
	const void *kept;
	bool kill = transport_kills_setid();
	int rc = lock_check(c, fh);

	if (rc)
		return rc;
	if (call_is_done(c, &done)) {
		data->len = (uint32_t)done.len;
		return 0;
	}
	rc = need_setid(c, ino, kill ? SETID_CLEARED : SETID_STAYS, &inode);
	if (!rc)
		rc = need_space(c, data->len);
	if (rc)
		return rc;
	if (inode->gone)
		return ESTALE;
	if (append)
		off = append_at(c, inode, off);
	rc = flags_forbid(inode, off < inode->attr.size ? overwrite_flags(c, fh) : FLAG_IMMUTABLE);
	if (rc)
		return rc;
	if (data->len && off >= FILE_SIZE_MAX)
		return EFBIG;
	if (data->len > FILE_SIZE_MAX - off)
		data->len = (uint32_t)(FILE_SIZE_MAX - off);
	rc = quota_fit_write(c, inode, off, &data->len);
	if (rc)
		return rc;
	attr = &inode->attr;
	change_begin(c, OP_WRITE, ino);
	c->record.off = (int64_t)off;
	c->record.len = data->len;
	change_write(c, inode, off, *data, off >= attr->size);
	allocated_write(attr, off, data->len);
	if (off + data->len > attr->size)
		attr->size = off + data->len;
	attr->mtime = attr->ctime = c->now;
	if (kill)
		change_kill_setid(c, attr);
	change_inode(c, inode, 0);
	kept = change_end(c);
	pending_add(inode, (struct pending){c->record.op, off, data->len, kept, PENDING_WRITE});
	return 0;
}

/* Pages of a mapping are written back by the kernel: then the opener did it. */
static void use_opener(struct call *c, uint64_t fh)
{
	struct handle *h = handle_find(&c->fs->state, fh);

	if (!h || !h->opener)
		return;
	actor_unref(c->actor);
	c->actor = actor_ref(h->opener);
	c->deferred = true;
}

void op_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t off,
	struct fuse_file_info *fi)
{
	struct bytes bytes = {data, (uint32_t)size};
	struct call c;
	bool misplaced;
	int rc;

	if (off < 0) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	call_begin_change(&c, req);
	if (fi->writepage || c.ctx->pid == 0)
		use_opener(&c, fi->fh);
	rc = write_file(
		&c, ino, &bytes, (uint64_t)off, fi->fh, fi->flags & O_APPEND && !fi->writepage);
	misplaced = c.fs->state.misplaced_count > 0;
	if (rc) {
		call_end(&c, rc);
		return;
	}
	call_leave(&c);
	fuse_reply_write(req, bytes.len);
	/* Only now, as until then the kernel waits with these pages locked. */
	if (misplaced)
		eventfd_write(c.fs->invalidate_fd, 1);
}
