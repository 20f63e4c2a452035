#include "op/need.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/node.h"
#include "base/path.h"
#include "op/follow.h"
#include "op/guess.h"
#include "op/load.h"

int need_inode(struct call *c, uint64_t ino, struct inode **inode)
{
	if (past_is(ino) || c->fs->config.at_op)
		return EROFS;
	*inode = inode_find(&c->fs->state, ino);
	return *inode && !(*inode)->stale ? 0 : load(c, LOAD_INODE, ino, (struct bytes){0});
}

int need_dir(struct call *c, uint64_t ino, struct inode **dir)
{
	int rc = need_inode(c, ino, dir);

	if (rc)
		return rc;
	if (!S_ISDIR((*dir)->attr.mode))
		return ENOTDIR;
	/* One that another mount has removed stays while somebody may be in it; this kernel does
	 * not know. */
	return (*dir)->gone || (*dir)->attr.nlink == 0 ? ENOENT : 0;
}

int need_name(struct call *c, struct inode *dir, struct bytes name, struct dirent_node **d)
{
	if (name.len > NAME_MAX_BYTES)
		return ENAMETOOLONG;
	/* The kernel asks for none such, and the database would have to refuse it. */
	if (!path_is_name(name.data, name.len))
		return EINVAL;
	*d = dirent_find(&c->fs->state, dir->ino, name);
	if (!*d && !dir->dir->complete)
		return guess_name(c, dir, name);
	if (*d && !(*d)->ino)
		*d = NULL;
	else if (*d && dir->dir->reads)
		dir->dir->reads->found++;
	return 0;
}

int need_entry(struct call *c, struct inode *dir, struct bytes name, struct dirent_node **d,
	struct inode **inode)
{
	int rc = need_name(c, dir, name, d);

	if (rc)
		return rc;
	return *d ? need_inode(c, (*d)->ino, inode) : ENOENT;
}

/* The next name after a cookie, among those that are known. */
static bool has_next(const struct dir_index *index, uint64_t cookie)
{
	for (size_t i = dir_seek(index, cookie); i < index->count; i++) {
		if (index->slots[i].cookie > index->upto)
			return false;
		if (index->slots[i].node)
			return true;
	}
	return false;
}

int need_names(struct call *c, struct inode *dir, uint64_t after)
{
	const struct dir_index *index = dir->dir;
	if (after >= index->from && after <= index->upto) {
		if (index->upto == UINT64_MAX || has_next(index, after))
			return 0;
		after = index->upto;
	}
	return load_names(c, dir->ino, after);
}

int need_empty(struct call *c, struct inode *dir)
{
	int rc = dir->dir->live ? 0 : need_names(c, dir, 0);

	return !rc && dir->dir->live ? ENOTEMPTY : rc;
}

int need_xattrs(struct call *c, struct inode *inode)
{
	return xattrs_known(inode) ? 0 : load(c, LOAD_XATTRS, inode->ino, (struct bytes){0});
}

int need_value(struct call *c, struct inode *inode, struct xattr *x)
{
	return xattr_value_known(x) ? 0 : load(c, LOAD_VALUE, inode->ino, xattr_name(x));
}

/* A suspended request that waits for the journal. */
struct journal_wait {
	struct journal_waiter waiter;
	struct request *request;
};

static void wait_over(struct journal_waiter *w, int error)
{
	struct journal_wait *wait = (struct journal_wait *)w;

	request_wake(wait->request, error);
	free(wait);
}

static struct journal_wait *journal_wait_new(void)
{
	struct journal_wait *wait = xcalloc(1, sizeof(*wait));

	wait->waiter.fn = wait_over;
	return wait;
}

static int wait_room(struct call *c, enum request_wait why)
{
	struct journal_wait *wait;

	if (request_error())
		return request_error();
	wait = journal_wait_new();
	wait->request = request_suspend(c->req, why);
	journal_wait_room(c->fs->journal, &wait->waiter);
	if (journal_following(c->fs->journal))
		follow_wake(c->fs);
	return CALL_SUSPENDED;
}

static int need(struct call *c, size_t data, enum journal_use use)
{
	enum journal_room room;

	if (journal_failed(c->fs->journal))
		return EIO;
	room = journal_room(c->fs->journal, data, use);
	if (room == JOURNAL_REFUSED)
		return EIO;
	if (room != JOURNAL_LATER)
		return room == JOURNAL_ROOM ? 0 : ENOSPC;
	return wait_room(c, journal_following(c->fs->journal)  ? WAIT_LEASE
			    : journal_lent(c->fs->journal)     ? WAIT_WRITER
			    : journal_quiesced(c->fs->journal) ? WAIT_PERFORMED
							       : WAIT_ROOM);
}

int need_unquiesced(struct call *c)
{
	return journal_quiesced(c->fs->journal) && !journal_lent(c->fs->journal)
		       ? wait_room(c, WAIT_PERFORMED)
		       : 0;
}

/* A suspended request that waits for what others have committed. */
struct follow_wait {
	struct follow_waiter waiter;
	struct request *request;
};

static void caught_up(struct follow_waiter *w, int error)
{
	struct follow_wait *wait = (struct follow_wait *)w;

	request_wake(wait->request, error);
	free(wait);
}

static int need_news(struct call *c, bool (*wait_for)(struct fs *fs, struct follow_waiter *w))
{
	struct follow_wait *wait;

	/* Once is enough: it is to know what was committed before it was asked. */
	if (request_error() || request_waits() || !follow_is_behind(c->fs))
		return request_error();
	wait = xcalloc(1, sizeof(*wait));
	wait->waiter.fn = caught_up;
	wait->request = request_suspend(c->req, WAIT_CLOSED);
	wait_for(c->fs, &wait->waiter);
	return CALL_SUSPENDED;
}

int need_current(struct call *c)
{
	return need_news(c, follow_open);
}

int need_caught_up(struct call *c)
{
	return need_news(c, follow_catch_up);
}

static int wait_for(struct call *c, enum request_wait why,
	bool (*is_over)(struct journal *j, struct journal_waiter *w))
{
	struct journal_wait *wait;

	if (journal_failed(c->fs->journal))
		return EIO;
	if (request_error())
		return request_error();
	wait = journal_wait_new();
	if (is_over(c->fs->journal, &wait->waiter)) {
		free(wait);
		return EIO;
	}
	/* In time: who waits is called after the lock was had. */
	wait->request = request_suspend(c->req, why);
	return CALL_SUSPENDED;
}

int need_committed(struct call *c)
{
	return wait_for(c, WAIT_COMMIT, journal_commit);
}

int need_flushed(struct call *c, uint64_t op)
{
	return op <= journal_flushed(c->fs->journal) ? 0 : wait_for(c, WAIT_FLUSH, journal_sync);
}

int need_space(struct call *c, size_t data)
{
	return need(c, data, JOURNAL_GROW);
}

int need_room(struct call *c, size_t data)
{
	return need(c, data, JOURNAL_CHANGE);
}

int need_journal(struct call *c)
{
	return need(c, 0, JOURNAL_END);
}
