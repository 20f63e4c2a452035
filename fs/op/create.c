#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/limits.h"
#include "op/acl.h"
#include "op/attr.h"
#include "op/call.h"
#include "op/change.h"
#include "op/file.h"
#include "op/flags.h"
#include "op/need.h"
#include "op/op.h"
#include "op/quota.h"

/* What a new inode is made with. */
struct new_inode {
	enum op_kind kind;
	mode_t mode;
	dev_t rdev;
	struct bytes target;
	bool nameless; /* O_TMPFILE */
};

/* A directory with the set-group-id bit hands its group down, and the bit to directories: see
 * inode(7). */
static struct inode_attr new_inode_attr(
	struct call *c, const struct inode *dir, const struct new_inode *n)
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
		.nlink = is_dir        ? 2
			 : n->nameless ? 0
				       : 1,
		.uid = c->ctx->uid,
		.gid = inherit ? dir->attr.gid : c->ctx->gid,
		.rdev = (uint32_t)n->rdev,
		.flags = dir->attr.flags & FLAGS_INHERITED,
		.project = dir->attr.project,
	};
}

/* The directory's default access list goes to what is made in it; where there is none, the umask
 * counts. */
static void inherit_acl(struct call *c, struct inode *dir, struct inode *inode)
{
	struct xattr *x = xattr_find(dir, name_bytes(ACL_DEFAULT_NAME));
	struct inode_attr *attr = &inode->attr;
	bool minimal;
	char *acl;

	if (S_ISLNK(attr->mode))
		return;
	if (!x) {
		attr->mode &= ~(c->ctx->umask & 0777);
		return;
	}
	acl = xmemdup(xattr_value(x).data, x->value_len);
	attr->mode = (attr->mode & ~0777u) | acl_inherit(acl, x->value_len, attr->mode, &minimal);
	if (!minimal)
		change_xattr(
			c, inode, name_bytes(ACL_ACCESS_NAME), (struct bytes){acl, x->value_len});
	if (S_ISDIR(attr->mode))
		change_xattr(c, inode, name_bytes(ACL_DEFAULT_NAME), xattr_value(x));
	free(acl);
}

/* A directory to make something in. */
static int need_place(struct call *c, uint64_t parent, const struct bytes *name, struct inode **dir)
{
	struct dirent_node *d = NULL;
	int rc = need_dir(c, parent, dir);

	if (!rc)
		rc = flags_forbid(*dir, FLAG_IMMUTABLE);
	if (!rc)
		rc = need_xattrs(c, *dir);
	if (!rc && name)
		rc = need_name(c, *dir, *name, &d);
	if (!rc && d)
		rc = EEXIST;
	if (rc)
		return rc;
	return need_space(
		c, xattr_find(*dir, name_bytes(ACL_DEFAULT_NAME)) ? 2 * ACL_BYTES_MAX : 0);
}

static struct inode *add(struct call *c, const struct inode_attr *attr, struct bytes target)
{
	struct inode *inode = inode_add(&c->fs->state, attr, target);

	c->fs->next_ino++;
	inode->base_end = 0;
	return inode;
}

/* Begins the record of a new inode, which has no name yet. */
static int make_inode(
	struct call *c, struct inode *dir, const struct new_inode *n, struct inode **inode)
{
	struct inode_attr attr = new_inode_attr(c, dir, n);
	int rc = quota_check(c, NULL, &attr);

	if (rc)
		return rc;
	*inode = add(c, &attr, n->target);
	change_begin(c, n->kind, attr.ino);
	inherit_acl(c, dir, *inode);
	change_inode(c, *inode, CHANGE_NEW);
	return 0;
}

static int make(struct call *c, uint64_t parent, const char *text, const struct new_inode *n,
	struct inode **inode)
{
	struct bytes name = name_bytes(text);
	struct kept_op done;
	struct inode *dir;
	int rc;

	if (call_is_done(c, &done))
		return need_inode(c, done.ino, inode);
	rc = need_place(c, parent, &name, &dir);
	if (!rc && S_ISDIR(n->mode) && dir->attr.nlink >= LINKS_MAX)
		rc = EMLINK;
	if (!rc)
		rc = make_inode(c, dir, n, inode);
	if (rc)
		return rc;
	if (S_ISDIR(n->mode)) {
		dir_known((*inode)->dir, 0, UINT64_MAX);
		(*inode)->dir->parent = parent;
		change_subdirs(dir, 1);
	}
	change_at(c, parent, name);
	change_name(c, dir, name, *inode, 0);
	change_touch_dir(c, dir);
	change_end(c);
	return 0;
}

/* O_TMPFILE: a file that link() may give a name. */
static int make_nameless(
	struct call *c, uint64_t parent, const struct new_inode *n, struct inode **inode)
{
	struct kept_op done;
	struct inode *dir;
	int rc;

	if (call_is_done(c, &done))
		return need_inode(c, done.ino, inode);
	rc = need_place(c, parent, NULL, &dir);
	if (!rc)
		rc = make_inode(c, dir, n, inode);
	if (rc)
		return rc;
	change_end(c);
	return 0;
}

static const struct new_inode whiteout = {.mode = S_IFCHR};

int whiteout_allowed(struct call *c, const struct inode *dir)
{
	struct inode_attr attr = new_inode_attr(c, dir, &whiteout);

	return quota_check(c, NULL, &attr);
}

void change_whiteout(struct call *c, struct inode *dir, struct bytes name)
{
	struct inode_attr attr = new_inode_attr(c, dir, &whiteout);
	struct inode *inode = add(c, &attr, whiteout.target);

	change_inode(c, inode, CHANGE_NEW);
	change_name(c, dir, name, inode, 0);
}

static void make_and_reply(
	fuse_req_t req, uint64_t parent, const char *name, const struct new_inode *n)
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
	struct new_inode n = {.kind = OP_MKNOD, .mode = mode & (S_IFMT | 07777), .rdev = rdev};

	/* Of other types the kernel sends none here, and one of no type could not be stored. */
	if (S_ISREG(n.mode) || S_ISCHR(n.mode) || S_ISBLK(n.mode) || S_ISFIFO(n.mode) ||
		S_ISSOCK(n.mode))
		make_and_reply(req, parent, name, &n);
	else
		fuse_reply_err(req, EINVAL);
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	make_and_reply(req, parent, name,
		&(struct new_inode){.kind = OP_MKDIR, .mode = S_IFDIR | (mode & 07777)});
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	struct new_inode n = {
		.kind = OP_SYMLINK, .mode = S_IFLNK | 0777, .target = name_bytes(target)};

	if (n.target.len >= PATH_MAX || !n.target.len)
		fuse_reply_err(req, n.target.len ? ENAMETOOLONG : ENOENT);
	else
		make_and_reply(req, parent, name, &n);
}

void op_create(
	fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
	struct new_inode n = {.kind = OP_CREATE,
		.mode = S_IFREG | (mode & 07777),
		.nameless = transport_kind() == RAW_TMPFILE};
	struct fuse_entry_param e = {
		.attr_timeout = KERNEL_CACHE_SECONDS, .entry_timeout = KERNEL_CACHE_SECONDS};
	struct inode *inode = NULL;
	struct call c;
	int rc;

	call_begin_change(&c, req);
	rc = n.nameless ? make_nameless(&c, parent, &n, &inode)
			: make(&c, parent, name, &n, &inode);
	/* Others have made it just now: the kernel looks the name up again, and opens it. */
	if (rc == EEXIST && !(fi->flags & O_EXCL))
		rc = ESTALE;
	if (rc) {
		call_end(&c, rc);
		return;
	}
	/* overlayfs makes such a file without saying so. */
	if (n.nameless)
		fi->flags |= O_TMPFILE;
	file_open(&c, inode, fi, true);
	fi->keep_cache = 1;
	e.ino = inode->ino;
	attr_to_stat(&inode->attr, &e.attr);
	inode->told = true;
	call_leave(&c);
	fuse_reply_create(req, &e, fi);
}

static int hard_link(
	struct call *c, uint64_t ino, uint64_t parent, const char *text, struct inode **inode)
{
	struct bytes name = name_bytes(text);
	struct dirent_node *d;
	struct kept_op done;
	struct inode *dir;
	int rc = need_inode(c, ino, inode);

	if (!rc && call_is_done(c, &done))
		return 0;
	if (!rc)
		rc = need_dir(c, parent, &dir);
	if (!rc)
		rc = flags_forbid(*inode, FLAG_FROZEN);
	if (!rc)
		rc = flags_forbid(dir, FLAG_IMMUTABLE);
	if (!rc)
		rc = need_name(c, dir, name, &d);
	if (!rc && d)
		rc = EEXIST;
	if (!rc)
		rc = need_space(c, 0);
	if (rc)
		return rc;
	if (S_ISDIR((*inode)->attr.mode))
		return EPERM;
	if ((*inode)->gone)
		return ENOENT;
	if ((*inode)->attr.nlink >= LINKS_MAX)
		return EMLINK;
	rc = quota_same_tree(*inode, dir);
	/* What another mount has removed; the kernel does not know yet. */
	if (!rc && !(*inode)->attr.nlink && !handle_names(&c->fs->state, ino))
		rc = ENOENT;
	if (rc)
		return rc;
	(*inode)->attr.nlink++;
	(*inode)->attr.ctime = c->now;
	change_begin(c, OP_LINK, ino);
	change_to(c, parent, name);
	change_inode(c, *inode, 0);
	change_name(c, dir, name, *inode, 0);
	change_touch_dir(c, dir);
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
