#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/limits.h"
#include "op/call.h"
#include "op/change.h"
#include "op/flags.h"
#include "op/layout.h"
#include "op/lock.h"
#include "op/need.h"
#include "op/op.h"
#include "op/quota.h"

/* So many times a copy waits for all of its range to be committed. */
#define WAITS_FOR_ALL 5

/*
 * copy_file_range(2) copies no bytes: the target gets extents of its own that refer to the blobs of
 * the source.
 *
 * The blobs stay: the source's extents are of the present when the op is appended, and what could
 * end them comes later in the journal, so at every commit either the source or the target refers to
 * them.
 */

/* In one request; the reply has 32 bits. */
#define COPY_MAX (UINT64_C(1) << 30)

struct copy {
	uint64_t from, from_off;
	uint64_t to, to_off;
	uint64_t len;
	uint64_t to_fh;
};

/* The last op that made one of the pieces. */
static uint64_t newest(const PGresult *res)
{
	uint64_t op = 0;

	for (int row = 0; row < PQntuples(res); row++)
		if ((uint64_t)row_int(res, row, 4) > op)
			op = (uint64_t)row_int(res, row, 4);
	return op;
}

/* The pieces of an answer of read_extents, where they go. k->len shrinks to what they say all of.
 */
static struct share *read_shares(
	const PGresult *res, struct copy *k, uint32_t *count, uint64_t *bytes)
{
	int rows = PQntuples(res);
	struct share *shares;

	if (rows > LAYOUT_EXTENTS) {
		uint64_t told = (uint64_t)row_int(res, LAYOUT_EXTENTS, 0) - k->from_off;
		rows = LAYOUT_EXTENTS;
		k->len = told < k->len ? told : k->len;
	}
	shares = xcalloc((size_t)rows + 1, sizeof(*shares));
	*count = 0;
	*bytes = 0;
	for (int row = 0; row < rows; row++) {
		uint64_t at = (uint64_t)row_int(res, row, 0) - k->from_off;
		uint64_t len = (uint64_t)row_int(res, row, 1);

		if (at >= k->len)
			break;
		len = len < k->len - at ? len : k->len - at;
		shares[(*count)++] = (struct share){.off = k->to_off + at,
			.len = len,
			.blob = (uint64_t)row_int(res, row, 2),
			.blob_off = (uint64_t)row_int(res, row, 3)};
		*bytes += len;
	}
	return shares;
}

/* What a file is after [off, end) of it were replaced by so many bytes and holes. */
static void replace_bytes(struct inode_attr *attr, uint64_t off, uint64_t end, uint64_t bytes)
{
	if (off < attr->size)
		allocated_cut(attr, off, end < attr->size ? end : attr->size, 0);
	if (end > attr->size)
		attr->size = end;
	attr->allocated += bytes;
	if (attr->allocated > attr->size)
		attr->allocated = attr->size;
}

static int put_shares(struct call *c, struct inode *to, struct copy *k, const PGresult *res)
{
	struct inode_attr attr = to->attr;
	uint64_t bytes, end;
	uint32_t count;
	struct share *shares = read_shares(res, k, &count, &bytes);
	int rc;

	end = k->to_off + k->len;
	replace_bytes(&attr, k->to_off, end, bytes);
	rc = quota_check(c, to, &attr);
	if (!rc)
		rc = quota_check_past(c, to, quota_overlap(&to->attr, k->to_off, k->len));
	if (rc) {
		free(shares);
		return rc;
	}
	change_begin(c, OP_COPY_RANGE, k->to);
	c->record.off = (int64_t)k->to_off;
	c->record.len = (int64_t)k->len;
	if (k->to_off < to->attr.size)
		change_cut(
			c, to, k->to_off, (end < to->attr.size ? end : to->attr.size) - k->to_off);
	if (count)
		change_share(c, to, k->to_off, k->len,
			(struct bytes){shares, count * (uint32_t)sizeof(*shares)});
	attr.mtime = attr.ctime = c->now;
	to->attr = attr;
	change_inode(c, to, 0);
	change_end(c);
	free(shares);
	return 0;
}

static int check(
	const struct call *c, const struct inode *from, const struct inode *to, struct copy *k)
{
	if (from->gone || to->gone)
		return ESTALE;
	if (!S_ISREG(from->attr.mode) || !S_ISREG(to->attr.mode))
		return EINVAL;
	if (k->len > COPY_MAX)
		k->len = COPY_MAX;
	if (k->from_off >= from->attr.size)
		k->len = 0;
	else if (k->len > from->attr.size - k->from_off)
		k->len = from->attr.size - k->from_off;
	if (k->len && k->to_off >= FILE_SIZE_MAX)
		return EFBIG;
	if (k->to_off < FILE_SIZE_MAX && k->len > FILE_SIZE_MAX - k->to_off)
		k->len = FILE_SIZE_MAX - k->to_off;
	if (from == to && k->from_off < k->to_off + k->len && k->to_off < k->from_off + k->len)
		return EINVAL;
	return flags_forbid(to, overwrite_flags(c, k->to_fh));
}

static int copy_range(struct call *c, struct copy *k)
{
	struct inode *from, *to;
	const PGresult *res;
	struct kept_op done;
	uint64_t end;
	int rc;

	if (call_is_done(c, &done)) {
		k->len = (uint64_t)done.len;
		return 0;
	}
	rc = lock_check(c, k->to_fh);
	if (!rc)
		rc = need_inode(c, k->from, &from);
	if (!rc)
		rc = need_inode(c, k->to, &to);
	if (!rc)
		rc = need_space(c, LAYOUT_EXTENTS * sizeof(struct share));
	if (!rc)
		rc = check(c, from, to, k);
	if (rc || !k->len)
		return rc;
	/* Somebody writes there all the time: the kernel reads and writes, then. */
	if (request_waits() > WAITS_MAX)
		return EXDEV;
	/* All at once, if it comes to rest; else what is committed, and the caller asks again for
	 * the rest. */
	end = pending_first(from, k->from_off, k->len);
	if (end == k->from_off || (end < k->from_off + k->len && request_waits() < WAITS_FOR_ALL))
		return need_committed(c);
	rc = need_layout(c, from, STMT_READ_EXTENTS, k->from_off, &end, &res);
	if (rc)
		return rc;
	/* What a crash of the server loses gets other ids of blobs than it had. */
	rc = need_flushed(c, newest(res));
	if (rc)
		return rc;
	k->len = end - k->from_off;
	return put_shares(c, to, k, res);
}

void op_copy_file_range(fuse_req_t req, fuse_ino_t ino_in, off_t off_in,
	struct fuse_file_info *fi_in, fuse_ino_t ino_out, off_t off_out,
	struct fuse_file_info *fi_out, size_t len, int flags)
{
	struct copy k = {ino_in, (uint64_t)off_in, ino_out, (uint64_t)off_out, len, fi_out->fh};
	struct call c;
	int rc;

	if (off_in < 0 || off_out < 0 || flags) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	call_begin_change(&c, req);
	rc = copy_range(&c, &k);
	if (rc) {
		call_end(&c, rc);
		return;
	}
	call_leave(&c);
	fuse_reply_write(req, k.len);
}
