#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#include "op/op.h"

/* What a new inode is made with. */
struct newborn {
	enum op_kind kind;
	mode_t mode;
	dev_t rdev;
	struct bytes target;
};

/* A directory with the set-group-id bit hands its group down, and the bit to directories: see
 * inode(7). */
static struct inode_attr newborn_attr(
	struct call *c, const struct inode *dir, const struct newborn *n)
{
	bool is_dir = S_ISDIR(n->mode), inherit = dir->attr.mode & S_ISGID;
	uint64_t size = is_dir ? 4096 : n->target.len;

	return (struct inode_attr){
		.ino = c->fs->next_ino,
		.size = size,
		.allocated = is_dir ? size : 0,
		.atime = c->now,
		.mtime = c->now,
		.ctime = c->now,
		.btime = c->now,
		.mode = n->mode | (is_dir && inherit ? S_ISGID : 0),
		.nlink = is_dir ? 2 : 1,
		.uid = c->ctx->uid,
		.gid = inherit ? dir->attr.gid : c->ctx->gid,
		.rdev = (uint32_t)n->rdev,
	};
}

static int make(struct call *c, uint64_t parent, const char *text, const struct newborn *n,
	struct inode **inode)
{
	struct bytes name = name_bytes(text);
	struct inode_attr attr;
	struct dirent_node *d;
	struct inode *dir;
	int rc = need_dir(c, parent, &dir);

	if (!rc)
		rc = need_name(c, dir, name, &d);
	if (!rc && d)
		rc = EEXIST;
	if (!rc)
		rc = need_room(c, 0);
	if (rc)
		return rc;
	attr = newborn_attr(c, dir, n);
	c->fs->next_ino++;
	*inode = inode_add(&c->fs->state, &attr, n->target);
	(*inode)->base_end = 0;
	if (S_ISDIR(attr.mode)) {
		(*inode)->dir.complete = true;
		(*inode)->parent = parent;
		dir->attr.nlink++;
	}
	change_begin(c, n->kind, attr.ino);
	change_at(c, parent, name);
	effect_inode(c, *inode, EFFECT_NEW);
	effect_name(c, dir, name, *inode);
	effect_touch_dir(c, dir);
	change_end(c);
	return 0;
}

static void make_and_reply(
	fuse_req_t req, uint64_t parent, const char *name, const struct newborn *n)
{
	struct inode *inode = NULL;
	struct call c;
	int rc;

	call_begin_change(&c, req);
	rc = make(&c, parent, name, n, &inode);
	call_end_entry(&c, rc, inode);
}

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	make_and_reply(
		req, parent, name, &(struct newborn){.kind = OP_MKNOD, .mode = mode, .rdev = rdev});
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	make_and_reply(req, parent, name,
		&(struct newborn){.kind = OP_MKDIR, .mode = S_IFDIR | (mode & 07777)});
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	struct newborn n = {
		.kind = OP_SYMLINK, .mode = S_IFLNK | 0777, .target = name_bytes(target)};

	if (n.target.len >= PATH_MAX)
		fuse_reply_err(req, ENAMETOOLONG);
	else
		make_and_reply(req, parent, name, &n);
}

void op_create(
	fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
	struct newborn n = {.kind = OP_CREATE, .mode = S_IFREG | (mode & 07777)};
	struct fuse_entry_param e = {
		.attr_timeout = KERNEL_CACHE_SECONDS, .entry_timeout = KERNEL_CACHE_SECONDS};
	struct inode *inode = NULL;
	struct call c;
	int rc;

	call_begin_change(&c, req);
	rc = make(&c, parent, name, &n, &inode);
	if (rc) {
		call_end(&c, rc);
		return;
	}
	fi->fh = file_open(&c, inode, fi->flags)->fh;
	fi->keep_cache = 1;
	e.ino = inode->ino;
	attr_to_stat(&inode->attr, &e.attr);
	call_leave(&c);
	fuse_reply_create(req, &e, fi);
}

static int hard_link(
	struct call *c, uint64_t ino, uint64_t parent, const char *text, struct inode **inode)
{
	struct bytes name = name_bytes(text);
	struct dirent_node *d;
	struct inode *dir;
	int rc = need_inode(c, ino, inode);

	if (!rc)
		rc = need_dir(c, parent, &dir);
	if (!rc)
		rc = need_name(c, dir, name, &d);
	if (!rc && d)
		rc = EEXIST;
	if (!rc)
		rc = need_room(c, 0);
	if (rc)
		return rc;
	if (S_ISDIR((*inode)->attr.mode))
		return EPERM;
	if ((*inode)->attr.nlink == 0)
		return ENOENT;
	if ((*inode)->attr.nlink >= INT32_MAX)
		return EMLINK;
	(*inode)->attr.nlink++;
	(*inode)->attr.ctime = c->now;
	change_begin(c, OP_LINK, ino);
	change_to(c, parent, name);
	effect_inode(c, *inode, 0);
	effect_name(c, dir, name, *inode);
	effect_touch_dir(c, dir);
	change_end(c);
	return 0;
}

void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	struct inode *inode;
	struct call c;
	int rc;

	call_begin_change(&c, req);
	rc = hard_link(&c, ino, parent, name, &inode);
	call_end_entry(&c, rc, inode);
}
