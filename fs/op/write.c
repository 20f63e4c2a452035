#include <errno.h>
#include <stdint.h>
#include <sys/stat.h>

#include "op/op.h"

/* *data shrinks to what goes into the largest file, and to what a quota allows. */
static int write_file(struct call *c, uint64_t ino, struct bytes *data, uint64_t off, uint64_t fh)
{
	struct inode_attr *attr;
	struct inode *inode;
	const void *kept;
	bool merge;
	int rc = need_inode(c, ino, &inode);

	if (!rc)
		rc = need_space(c, data->len);
	if (rc)
		return rc;
	if (inode->gone)
		return ESTALE;
	if (inode->attr.flags & (off < inode->attr.size ? FLAG_FROZEN : FLAG_IMMUTABLE))
		return EPERM;
	if (data->len && off >= FILE_SIZE_MAX)
		return EFBIG;
	if (data->len > FILE_SIZE_MAX - off)
		data->len = (uint32_t)(FILE_SIZE_MAX - off);
	rc = quota_fit_write(c, inode, off, &data->len);
	if (rc)
		return rc;
	attr = &inode->attr;
	/* Writes through one open file that follow each other are one version of the inode. */
	merge = inode->write_fh == fh;
	inode->write_fh = fh;
	change_begin(c, OP_WRITE, ino);
	c->record.off = (int64_t)off;
	c->record.len = data->len;
	effect_write(c, inode, off, *data, off >= attr->size);
	allocated_write(attr, off, data->len);
	if (off + data->len > attr->size)
		attr->size = off + data->len;
	attr->mtime = attr->ctime = c->now;
	if (transport_kills_setid())
		change_kill_setid(attr);
	effect_inode(c, inode, merge ? EFFECT_MERGE : 0);
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
	int rc;

	if (off < 0) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	call_begin_change(&c, req);
	if (fi->writepage || c.ctx->pid == 0)
		use_opener(&c, fi->fh);
	rc = write_file(&c, ino, &bytes, (uint64_t)off, fi->fh);
	if (rc) {
		call_end(&c, rc);
		return;
	}
	call_leave(&c);
	fuse_reply_write(req, bytes.len);
}
