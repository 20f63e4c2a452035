#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "op/op.h"

static bool is_known(int mode)
{
	return !(mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) &&
	       (!(mode & FALLOC_FL_PUNCH_HOLE) ||
		       mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE));
}

/*
 * Nothing is reserved: there is no place for bytes that do not exist yet, and what is overwritten
 * takes room again because of its history. So allocating extends the size at most, and ranges that
 * are zeroed become holes.
 */
static int fallocate_file(struct call *c, uint64_t ino, int mode, uint64_t off, uint64_t len)
{
	struct inode_attr *attr;
	struct inode *inode;
	int rc = need_inode(c, ino, &inode);

	if (!rc)
		rc = mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE) ? need_room(c, 0)
									  : need_space(c, 0);
	if (rc)
		return rc;
	if (inode->gone)
		return ESTALE;
	rc = flags_forbid(inode, mode & ~FALLOC_FL_KEEP_SIZE ? FLAG_FROZEN : FLAG_IMMUTABLE);
	if (rc)
		return rc;
	attr = &inode->attr;
	if (!S_ISREG(attr->mode))
		return S_ISDIR(attr->mode) ? EISDIR : ENODEV;
	if (off > FILE_SIZE_MAX || len > FILE_SIZE_MAX - off)
		return EFBIG;
	change_begin(c, OP_FALLOCATE, ino);
	c->record.off = (int64_t)off;
	c->record.len = (int64_t)len;
	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE) && off < attr->size) {
		uint64_t end = off + len < attr->size ? off + len : attr->size;
		effect_cut(c, inode, off, end - off);
		allocated_cut(attr, off, end);
	}
	if (!(mode & FALLOC_FL_KEEP_SIZE) && off + len > attr->size)
		attr->size = off + len;
	inode->write_fh = 0;
	attr->mtime = attr->ctime = c->now;
	effect_inode(c, inode, 0);
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
	call_end(&c, fallocate_file(&c, ino, mode, (uint64_t)off, (uint64_t)len));
}
