#include "op/statfs.h"

#include <stdlib.h>

#include "base/node.h"
#include "op/call.h"
#include "op/need.h"
#include "op/op.h"

#define BLOCK 4096

/* On a server of another host nobody says how full its disk is; so there is always as much again,
 * and more. */
#define UNKNOWN_FREE_BYTES (UINT64_C(1) << 40)

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
static void clip_to_tree(struct fs *fs, uint32_t tree, struct statvfs *st)
{
	struct quota *q = NULL;
	uint64_t left;

	if (!tree)
		return;
	pthread_mutex_lock(&fs->lock);
	q = quota_find(fs->state.quotas, QUOTA_TREE, tree);
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
	pthread_mutex_unlock(&fs->lock);
}

void statfs_read(struct fs *fs, uint32_t tree, struct statvfs *out)
{
	uint64_t used, inodes;
	struct statvfs st = {.f_bsize = BLOCK, .f_frsize = BLOCK, .f_namemax = NAME_MAX_BYTES};
	struct disk_space disk;

	figures_get(&fs->figures, &used, &inodes);
	st.f_bavail = st.f_bfree = UNKNOWN_FREE_BYTES / BLOCK;
	if (disk_of(fs, &disk)) {
		st.f_bavail = (uint64_t)disk.room / BLOCK;
		/* The difference is what is kept for the server's log and for removing. */
		st.f_bfree = disk.free / BLOCK;
		if (st.f_bfree < st.f_bavail)
			st.f_bfree = st.f_bavail;
	}
	st.f_blocks = used / BLOCK + st.f_bfree;
	st.f_files = UINT32_MAX;
	st.f_ffree = st.f_favail = inodes < st.f_files ? st.f_files - inodes : 0;
	clip_to_tree(fs, tree, &st);
	*out = st;
}

/*
 * Sets *tree to the quota that counts where it was asked. What has quotas, and an inode that is not
 * in memory, waits for that (and ends with its process): the figures of the whole filesystem would
 * be wrong for a tree by any factor, in silence.
 */
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
	struct statvfs st;
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
	statfs_read(c.fs, tree, &st);
	fuse_reply_statfs(req, &st);
}
