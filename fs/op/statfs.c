#include <stdlib.h>
#include <sys/statvfs.h>

#include "base/buf.h"
#include "base/log.h"
#include "op/op.h"
#include "op/past.h"

#define BLOCK 4096

/* On a server of another host nobody says how full its disk is; so there is always as much again,
 * and more. */
#define UNKNOWN_FREE_BYTES (UINT64_C(1) << 40)

struct statfs_wait {
	struct fs *fs;
	struct reply reply;
	uint32_t tree; /* that it was asked in; 0: none */
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

/* Within a tree that has a limit, that is the size of the filesystem. */
static void clip_to_tree(const struct statfs_wait *w, struct statvfs *st)
{
	struct quota *q = NULL;
	uint64_t left;

	if (!w->tree)
		return;
	pthread_mutex_lock(&w->fs->lock);
	q = quota_find(w->fs->state.quotas, QUOTA_TREE, w->tree);
	if (q && q->bytes_limit != QUOTA_NONE) {
		left = q->bytes < q->bytes_limit ? (q->bytes_limit - q->bytes) / BLOCK : 0;
		if (left < st->f_bavail)
			st->f_bavail = left;
		st->f_blocks = q->bytes_limit / BLOCK;
		st->f_bfree = left;
	}
	if (q && q->inodes_limit != QUOTA_NONE) {
		left = q->inodes < q->inodes_limit ? q->inodes_limit - q->inodes : 0;
		st->f_files = q->inodes_limit;
		st->f_ffree = st->f_favail = left;
	}
	pthread_mutex_unlock(&w->fs->lock);
}

static void reply_size(const struct statfs_wait *w, uint64_t used, uint64_t inodes)
{
	struct statvfs st = {.f_bsize = BLOCK, .f_frsize = BLOCK, .f_namemax = NAME_MAX_BYTES};
	struct disk_space disk;

	st.f_bavail = st.f_bfree = UNKNOWN_FREE_BYTES / BLOCK;
	if (disk_of(w->fs, &disk)) {
		st.f_bavail = (uint64_t)disk.room / BLOCK;
		/* The difference is what is kept for the server's log and for removing. */
		st.f_bfree = disk.free / BLOCK;
		if (st.f_bfree < st.f_bavail)
			st.f_bfree = st.f_bavail;
	}
	st.f_blocks = used / BLOCK + st.f_bfree;
	st.f_files = UINT32_MAX;
	st.f_ffree = st.f_favail = inodes < st.f_files ? st.f_files - inodes : 0;
	clip_to_tree(w, &st);
	fuse_reply_statfs(w->reply.req, &st);
}

static void statfs_done(struct reader_query *q, const PGresult *res, const struct error *err)
{
	struct statfs_wait *w = q->arg;

	transport_reply(&w->reply);
	if (err) {
		log_error("%s", err->text);
		fuse_reply_err(w->reply.req, error_to_errno(err));
	} else {
		reply_size(w, (uint64_t)row_int(res, 0, 0), (uint64_t)row_int(res, 0, 1));
	}
	transport_done();
	free(w);
	free(q);
}

/* *tree: the quota that counts where it was asked. */
static int find_tree(struct call *c, uint64_t ino, uint32_t *tree)
{
	struct inode *inode;
	int rc;

	*tree = 0;
	if (!c->fs->state.quotas || past_is(ino))
		return 0;
	rc = need_inode(c, ino, &inode);
	if (!rc)
		*tree = inode->attr.project;
	return rc;
}

void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct statfs_wait *w;
	struct call c;
	uint32_t tree;
	int rc;

	call_begin(&c, req);
	rc = find_tree(&c, ino, &tree);
	if (rc) {
		call_end(&c, rc);
		return;
	}
	call_leave(&c);
	w = xcalloc(1, sizeof(*w));
	w->fs = c.fs;
	w->tree = tree;
	w->reply = transport_later(req);
	reader_submit(c.fs->reader, reader_query_new(STMT_READ_SIZE, statfs_done, w));
}
