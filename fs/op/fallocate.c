#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "op/call.h"
#include "op/change.h"
#include "op/flags.h"
#include "op/layout.h"
#include "op/lock.h"
#include "op/need.h"
#include "op/op.h"
#include "op/quota.h"

static bool is_known(int mode)
{
	return !(mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) &&
	       (!(mode & FALLOC_FL_PUNCH_HOLE) ||
		       mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE));
}

static int check(const struct inode *inode, int mode, uint64_t off, uint64_t len)
{
	int rc;

	if (inode->gone)
		return ESTALE;
	rc = flags_forbid(inode, mode & ~FALLOC_FL_KEEP_SIZE ? FLAG_FROZEN : FLAG_IMMUTABLE);
	if (rc)
		return rc;
	if (!S_ISREG(inode->attr.mode))
		return S_ISDIR(inode->attr.mode) ? EISDIR : ENODEV;
	return off > FILE_SIZE_MAX || len > FILE_SIZE_MAX - off ? EFBIG : 0;
}

/* More than the disk can take is refused now, and not when it is written. */
static bool fits(struct call *c, const struct inode_attr *attr, uint64_t len)
{
	struct disk_space disk;

	return len <= attr->allocated || !journal_disk(c->fs->journal, &disk) ||
	       (disk.room > 0 && len - attr->allocated <= (uint64_t)disk.room);
}

static void allocate(struct inode_attr *attr, int mode, uint64_t off, uint64_t end)
{
	if (!(mode & FALLOC_FL_KEEP_SIZE) && end > attr->size)
		attr->size = end;
	if (end > attr->size)
		end = attr->size;
	if (off < end)
		allocated_write(attr, off, end - off);
}

/*
 * Nothing is reserved on the disk: there is no place for bytes that do not exist yet, and what is
 * overwritten takes room again because of its history. Allocating extends the size, and counts the
 * range among the file's blocks and for quotas; ranges that are zeroed have no bytes any more.
 */
static int fallocate_file(
	struct call *c, uint64_t ino, uint64_t fh, int mode, uint64_t off, uint64_t len)
{
	bool zero = mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE);
	uint64_t end = off + len, cut_end, bytes = 0;
	struct inode_attr after;
	struct kept_op done;
	struct inode *inode;
	int rc;

	if (call_is_done(c, &done))
		return 0;
	rc = lock_check(c, fh);
	if (!rc)
		rc = need_inode(c, ino, &inode);
	if (!rc)
		rc = zero ? need_room(c, 0) : need_space(c, 0);
	if (!rc)
		rc = check(inode, mode, off, len);
	if (rc)
		return rc;
	if (!zero && !fits(c, &inode->attr, len))
		return ENOSPC;
	cut_end = end < inode->attr.size ? end : inode->attr.size;
	zero = zero && off < cut_end;
	if (zero)
		rc = need_count(c, inode, off, cut_end, &bytes);
	if (rc)
		return rc;
	after = inode->attr;
	if (zero)
		allocated_cut(&after, off, cut_end, bytes);
	if (!(mode & FALLOC_FL_PUNCH_HOLE))
		allocate(&after, mode, off, end);
	rc = quota_check(c, inode, &after);
	if (rc)
		return rc;
	change_begin(c, OP_FALLOCATE, ino);
	c->record.off = (int64_t)off;
	c->record.len = (int64_t)len;
	if (zero)
		change_cut(c, inode, off, cut_end - off);
	after.mtime = after.ctime = c->now;
	inode->attr = after;
	change_inode(c, inode, 0);
	change_end(c);
	return 0;
}

void op_fallocate(
	fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len, struct fuse_file_info *fi)
{
	struct call c;

	if (off < 0 || len <= 0 || !is_known(mode)) {
		fuse_reply_err(req, off < 0 || len <= 0 ? EINVAL : EOPNOTSUPP);
		return;
	}
	call_begin_change(&c, req);
	call_end(&c, fallocate_file(&c, ino, fi->fh, mode, (uint64_t)off, (uint64_t)len));
}
