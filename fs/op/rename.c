#include <errno.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "op/call.h"
#include "op/change.h"
#include "op/flags.h"
#include "op/need.h"
#include "op/op.h"
#include "op/quota.h"

/* One side of a rename: where, and what is there now (NULL: nothing, possible only for the target).
 */
struct side {
	struct inode *dir;
	struct bytes name;
	struct dirent_node *d;
	struct inode *inode;
};

static bool is_dir(const struct inode *inode)
{
	return inode && S_ISDIR(inode->attr.mode);
}

static int need_side(struct call *c, uint64_t parent, const char *name, struct side *s)
{
	int rc = need_dir(c, parent, &s->dir);

	s->name = name_bytes(name);
	s->inode = NULL;
	if (!rc)
		rc = need_name(c, s->dir, s->name, &s->d);
	if (!rc && s->d)
		rc = need_inode(c, s->d->ino, &s->inode);
	return rc;
}

/* What chattr(1) said of the files and directories. */
static int check_flags(const struct side *from, const struct side *to)
{
	int rc = flags_forbid(from->dir, FLAG_FROZEN);

	if (!rc)
		rc = flags_forbid(from->inode, FLAG_FROZEN);
	if (!rc)
		rc = flags_forbid(to->dir, to->inode ? FLAG_FROZEN : FLAG_IMMUTABLE);
	if (!rc && to->inode)
		rc = flags_forbid(to->inode, FLAG_FROZEN);
	return rc;
}

/* rename(2). That a directory does not go below itself, the kernel has checked. */
static int check(struct call *c, const struct side *from, const struct side *to, unsigned int flags)
{
	int rc;

	if (!from->inode)
		return ENOENT;
	if (is_dir(from->inode) && from->dir != to->dir && to->dir->attr.nlink >= LINKS_MAX)
		return EMLINK;
	rc = check_flags(from, to);
	if (rc)
		return rc;
	if (flags & RENAME_EXCHANGE)
		return to->inode ? 0 : ENOENT;
	if (!to->inode)
		return 0;
	if (flags & RENAME_NOREPLACE)
		return EEXIST;
	if (is_dir(to->inode) && !is_dir(from->inode))
		return EISDIR;
	if (!is_dir(to->inode) && is_dir(from->inode))
		return ENOTDIR;
	if (is_dir(to->inode))
		rc = need_empty(c, to->inode);
	return rc;
}

/* `inode` goes from one directory to another: a directory takes its `..` with it. */
static void move_links(struct inode *inode, struct inode *from, struct inode *to)
{
	if (!is_dir(inode))
		return;
	change_subdirs(from, -1);
	change_subdirs(to, 1);
	inode->dir->parent = to->ino;
}

static void change(struct call *c, struct side *from, struct side *to, unsigned int flags)
{
	bool exchange = flags & RENAME_EXCHANGE;
	/* A name keeps its place in its directory: who lists that meanwhile sees it once. */
	uint64_t from_cookie = from->d->cookie, to_cookie = to->d ? to->d->cookie : 0;

	if (!exchange)
		to_cookie = from->dir == to->dir ? from_cookie : 0;
	change_begin(c, exchange ? OP_EXCHANGE : OP_RENAME, from->inode->ino);
	change_at(c, from->dir->ino, from->name);
	change_to(c, to->dir->ino, to->name);
	change_name_gone(c, from->d);
	if (to->d)
		change_name_gone(c, to->d);
	change_name(c, to->dir, to->name, from->inode, to_cookie);
	move_links(from->inode, from->dir, to->dir);
	from->inode->attr.ctime = c->now;
	change_inode(c, from->inode, 0);
	if (exchange) {
		change_name(c, from->dir, from->name, to->inode, from_cookie);
		move_links(to->inode, to->dir, from->dir);
		to->inode->attr.ctime = c->now;
		change_inode(c, to->inode, 0);
	} else if (to->inode) {
		if (is_dir(to->inode))
			change_subdirs(to->dir, -1);
		change_unlinked(c, to->inode);
	}
	if (flags & RENAME_WHITEOUT)
		change_whiteout(c, from->dir, from->name);
	change_touch_dir(c, from->dir);
	if (to->dir != from->dir)
		change_touch_dir(c, to->dir);
	change_end(c);
}

static int rename_names(struct call *c, struct side *from, struct side *to, unsigned int flags)
{
	bool whiteout = flags & RENAME_WHITEOUT;
	int rc = check(c, from, to, flags);

	if (!rc)
		rc = quota_same_tree(from->dir, to->dir);
	if (!rc)
		rc = whiteout ? need_space(c, 0) : need_room(c, 0);
	if (!rc && whiteout)
		rc = whiteout_allowed(c, from->dir);
	/* Two names of one inode: nothing to do, says POSIX. */
	if (rc || from->inode == to->inode)
		return rc;
	/* The kernel moves the file that it knows by the name, and has yet to be told of others. */
	if (c->fs->invalidating) {
		name_list(&c->fs->state.misnamed, from->dir->ino, from->name);
		name_list(&c->fs->state.misnamed, to->dir->ino, to->name);
		eventfd_write(c->fs->invalidate_fd, 1);
	}
	change(c, from, to, flags);
	return 0;
}

void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
	const char *new_name, unsigned int flags)
{
	struct side from, to;
	struct kept_op done;
	struct call c;
	int rc;

	call_begin_change(&c, req);
	if (call_is_done(&c, &done)) {
		call_end(&c, 0);
		return;
	}
	rc = flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT) ? EINVAL
											   : 0;
	if (!rc)
		rc = need_side(&c, parent, name, &from);
	if (!rc)
		rc = need_side(&c, new_parent, new_name, &to);
	if (!rc)
		rc = rename_names(&c, &from, &to, flags);
	call_end(&c, rc);
}
