#include <errno.h>
#include <unistd.h>

#include "op/call.h"
#include "op/layout.h"
#include "op/need.h"
#include "op/op.h"

static int seek(struct call *c, uint64_t ino, uint64_t off, int whence, uint64_t *at)
{
	struct ranges data = {0};
	uint64_t from = block_of(off); /* what its block has before it counts, too */
	uint64_t told = UINT64_MAX, end = INT64_MAX;
	const PGresult *res;
	struct inode *inode;
	int rc = need_inode(c, ino, &inode);

	if (rc)
		return rc;
	if (off >= inode->attr.size)
		return ENXIO;
	if (pending_shared(inode, from, INT64_MAX - from))
		return need_committed(c);
	if (from < inode->base_end) {
		rc = need_layout(c, inode, STMT_READ_HOLES, from, &end, &res);
		if (rc)
			return rc;
		told = layout_ranges(res, from, LAYOUT_HOLES, &data);
	}
	pending_ranges(inode, &data);
	rc = layout_seek(&data, inode->attr.size, whence, off, at);
	ranges_free(&data);
	/* So many holes are pending writes for that the answer is behind all that was told. */
	if (told < inode->attr.size && *at >= block_of(told))
		return need_committed(c);
	return rc;
}

void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence, struct fuse_file_info *fi)
{
	struct call c;
	uint64_t at;
	int rc;

	if (whence != SEEK_DATA && whence != SEEK_HOLE) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	call_begin(&c, req);
	rc = off < 0 ? ENXIO : seek(&c, ino, (uint64_t)off, whence, &at);
	if (rc) {
		call_end(&c, rc);
		return;
	}
	call_leave(&c);
	fuse_reply_lseek(req, (off_t)at);
}
