#include "fs.h"

#include <sys/eventfd.h>
#include <unistd.h>

void fs_init(struct fs *fs, const struct fs_config *config)
{
	*fs = (struct fs){.config = *config,
		.next_ino = config->next_ino,
		.invalidate_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.committed_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK),
		.untold = true,
		.follow_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	pthread_mutex_init(&fs->lock, NULL);
	fs->trace = trace_new();
	figures_init(&fs->figures);
	pass_init(&fs->pass);
	state_init(&fs->state, &config->limits);
}

void fs_destroy(struct fs *fs)
{
	state_free(&fs->state);
	if (fs->invalidate_fd >= 0)
		close(fs->invalidate_fd);
	if (fs->committed_fd >= 0)
		close(fs->committed_fd);
	if (fs->follow_fd >= 0)
		close(fs->follow_fd);
	figures_destroy(&fs->figures);
	pass_destroy(&fs->pass);
	trace_free(fs->trace);
	pthread_mutex_destroy(&fs->lock);
}

struct committed {
	struct fs *fs;
	uint64_t op;
};

static void inode_committed(void *arg, uint64_t ino)
{
	struct committed *c = arg;
	struct inode *inode = inode_find(&c->fs->state, ino);

	if (inode && inode->pending_count)
		pending_drop(inode, c->op);
}

void fs_committed(void *arg, const struct batch *b, uint64_t op)
{
	struct committed c = {arg, op};
	struct inode *inode;
	size_t at = 0;

	/* Inodes and names compare their dirty_op with the last committed op; only bytes are let
	 * go. */
	if (b)
		batch_each_inode(b, inode_committed, &c);
	else
		while ((inode = table_next(&c.fs->state.inodes, &at)))
			if (inode->pending_count)
				pending_drop(inode, op);
	state_evict(&c.fs->state, op);
	if (!c.fs->untold)
		eventfd_write(c.fs->committed_fd, 1);
	c.fs->untold = true;
	figures_changed(&c.fs->figures);
}
