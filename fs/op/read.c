#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/log.h"
#include "op/access.h"
#include "op/op.h"

/* A read that waits for what the database has of the file. */
struct read_wait {
	struct journal_waiter waiter; /* first: it is found by it */
	struct fs *fs;
	struct reply reply;
	uint64_t ino, off, len;
	uint64_t committed; /* last committed op when it was asked */
	uint64_t evictions;
};

static void ask_data(struct read_wait *w);

/* Puts the rows of an answer into buf, which is [off, off+len) of the file and is zeros. */
static void place(const PGresult *res, char *buf, uint64_t off, uint64_t len)
{
	for (int row = 0; row < PQntuples(res); row++) {
		uint64_t at = (uint64_t)row_int(res, row, 0);
		uint64_t n = (uint64_t)PQgetlength(res, row, 1);

		if (at >= off && at - off <= len && n <= len - (at - off))
			memcpy(buf + (at - off), PQgetvalue(res, row, 1), n);
	}
}

/* Bytes of a read at off that the file has. */
static uint64_t clip(const struct inode *inode, uint64_t off, uint64_t len)
{
	uint64_t size = inode->attr.size;

	if (off >= size)
		return 0;
	return size - off < len ? size - off : len;
}

static void reply_data(const struct read_wait *w, const char *buf, uint64_t n)
{
	transport_reply(&w->reply);
	fuse_reply_buf(w->reply.req, buf, n);
	transport_done();
}

static void reply_error(const struct read_wait *w, int error)
{
	transport_reply(&w->reply);
	fuse_reply_err(w->reply.req, error);
	transport_done();
}

static void data_done(struct reader_query *q, const PGresult *res, const struct error *err)
{
	struct read_wait *w = q->arg;
	struct inode *inode;
	uint64_t n = 0;
	char *buf;
	bool again;

	free(q);
	if (err) {
		log_error("%s", err->text);
		reply_error(w, error_to_errno(err));
		free(w);
		return;
	}
	buf = xcalloc(1, w->len);
	place(res, buf, w->off, w->len);
	pthread_mutex_lock(&w->fs->lock);
	inode = inode_find(&w->fs->state, w->ino);
	/* Bytes left the state for the database while the answer was on its way: it may not have
	 * them. */
	again = inode ? inode->dropped_op > w->committed || pending_shared(inode, w->off, w->len)
		      : w->fs->state.evictions != w->evictions;
	if (!again && inode) {
		pending_overlay(inode, buf, w->off, w->len);
		n = clip(inode, w->off, w->len);
	} else if (!again) {
		n = w->len;
	}
	pthread_mutex_unlock(&w->fs->lock);
	if (again) {
		ask_data(w);
	} else {
		reply_data(w, buf, n);
		free(w);
	}
	free(buf);
}

static void shares_committed(struct journal_waiter *waiter, int error)
{
	struct read_wait *w = (struct read_wait *)waiter;

	if (!error) {
		ask_data(w);
		return;
	}
	reply_error(w, error);
	free(w);
}

/* What was copied from elsewhere the database can tell once it is committed. Returns 0, an errno,
 * or CALL_PARKED: it will be asked later. */
static int wait_for_shares(struct read_wait *w)
{
	const struct inode *inode = inode_find(&w->fs->state, w->ino);

	if (!inode || !pending_shared(inode, w->off, w->len))
		return 0;
	if (journal_failed(w->fs->journal))
		return EIO;
	w->waiter.fn = shares_committed;
	return journal_commit(w->fs->journal, &w->waiter) ? 0 : CALL_PARKED;
}

static void ask_data(struct read_wait *w)
{
	struct reader_query *q;
	int rc;

	pthread_mutex_lock(&w->fs->lock);
	rc = wait_for_shares(w);
	w->committed = journal_committed(w->fs->journal);
	w->evictions = w->fs->state.evictions;
	pthread_mutex_unlock(&w->fs->lock);
	if (rc == CALL_PARKED)
		return;
	if (rc) {
		reply_error(w, rc);
		free(w);
		return;
	}
	q = reader_query_new(STMT_READ_DATA, data_done, w);
	reader_query_int(q, (int64_t)w->ino);
	reader_query_int(q, (int64_t)w->off);
	reader_query_int(q, (int64_t)(w->off + w->len));
	reader_submit(w->fs->reader, q);
}

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct read_wait *w;
	struct inode *inode;
	struct call c;
	uint64_t n;
	char *buf;
	int rc;

	call_begin(&c, req);
	rc = need_inode(&c, ino, &inode);
	if (rc) {
		call_end(&c, rc);
		return;
	}
	if (!(fi->flags & O_NOATIME))
		access_note(c.fs, inode);
	n = clip(inode, (uint64_t)off, size);
	if (pending_shared(inode, (uint64_t)off, n) ||
		pending_needs_base(inode, (uint64_t)off, n)) {
		call_leave(&c);
		w = xcalloc(1, sizeof(*w));
		*w = (struct read_wait){.fs = c.fs,
			.reply = transport_later(req),
			.ino = ino,
			.off = (uint64_t)off,
			.len = n};
		ask_data(w);
		return;
	}
	buf = xcalloc(1, n ? n : 1);
	pending_overlay(inode, buf, (uint64_t)off, n);
	call_leave(&c);
	fuse_reply_buf(req, buf, n);
	free(buf);
}
