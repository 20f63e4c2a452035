#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "op/access.h"
#include "op/attr.h"
#include "op/call.h"
#include "op/guess.h"
#include "op/need.h"
#include "op/op.h"

/* Offsets: 1 is after `.`, 2 after `..`, then an entry's own cookie is after it. */
struct listing {
	fuse_req_t req;
	const struct state *state;
	bool plus;
	char *buf;
	size_t len, cap;
};

/*
 * Appends an entry; false when it does not fit. inode NULL: it is not at hand, or the kernel has
 * it. An entry that the kernel is given costs it the access list that it had.
 */
static bool list(struct listing *l, const char *name, uint64_t ino, uint32_t mode,
	struct inode *inode, uint64_t next)
{
	struct stat st = {.st_ino = ino, .st_mode = mode};
	size_t n;

	if (l->plus) {
		/* ino 0 tells the kernel that there is a name but no entry to remember. */
		struct fuse_entry_param e = {.attr_timeout = KERNEL_CACHE_SECONDS,
			.entry_timeout = KERNEL_CACHE_SECONDS,
			.attr = st};
		if (inode) {
			e.ino = ino;
			e.generation = state_generation(l->state, ino);
			attr_to_stat(&inode->attr, &e.attr);
		}
		n = fuse_add_direntry_plus(
			l->req, l->buf + l->len, l->cap - l->len, name, &e, (off_t)next);
	} else {
		n = fuse_add_direntry(
			l->req, l->buf + l->len, l->cap - l->len, name, &st, (off_t)next);
	}
	if (n > l->cap - l->len)
		return false;
	if (inode)
		inode->told = true;
	l->len += n;
	return true;
}

/* The entry that goes with a name, unless the kernel has it already, or it is out of date. By which
 * of several names it has an inode is not known. */
static struct inode *to_tell(struct inode *inode)
{
	if (inode && (inode->stale || inode->gone))
		return NULL;
	if (inode && inode->told && (inode->dir || inode->attr.nlink == 1))
		return NULL;
	return inode;
}

static void list_names(struct call *c, struct listing *l, const struct inode *dir, uint64_t off)
{
	uint64_t parent = dir->dir->parent ? dir->dir->parent : dir->ino;

	if (off < 1 && !list(l, ".", dir->ino, S_IFDIR, NULL, 1))
		return;
	if (off < 2 && !list(l, "..", parent, S_IFDIR, NULL, 2))
		return;
	for (size_t i = dir_seek(dir->dir, off); i < dir->dir->count; i++) {
		const struct dirent_node *d = dir->dir->slots[i].node;
		struct inode *inode = NULL;

		if (dir->dir->slots[i].cookie > dir->dir->upto)
			return;
		if (!d)
			continue;
		if (l->plus)
			inode = to_tell(inode_find(&c->fs->state, d->ino));
		if (!list(l, d->name, d->ino, d->mode, inode, d->cookie))
			return;
	}
}

/* The names after an offset; behind them, what who walks a tree lists next. */
static int need_listing(struct call *c, struct inode *dir, uint64_t off)
{
	int rc = need_names(c, dir, off <= 2 ? 0 : off);

	if (off == 0 && (!rc || rc == CALL_SUSPENDED))
		guess_listed(c->fs, dir);
	else if (off > 2 && !rc)
		guess_goes_on(c->fs, dir, off);
	return rc;
}

static void read_dir(fuse_req_t req, uint64_t ino, size_t size, uint64_t off, bool plus)
{
	struct listing l = {.req = req, .plus = plus, .cap = size};
	struct inode *dir;
	struct call c;
	int rc;

	access_refresh(fuse_req_userdata(req));
	call_begin(&c, req);
	rc = need_inode(&c, ino, &dir);
	if (!rc && !S_ISDIR(dir->attr.mode))
		rc = ENOTDIR;
	if (!rc && !dir->gone)
		rc = need_listing(&c, dir, off);
	if (rc) {
		call_end(&c, rc);
		return;
	}
	l.state = &c.fs->state;
	l.buf = xcalloc(1, size);
	access_note(c.fs, dir);
	/* A directory that was removed while it is open has no names, not even dots. */
	if (!dir->gone)
		list_names(&c, &l, dir, off);
	call_leave(&c);
	fuse_reply_buf(req, l.buf, l.len);
	free(l.buf);
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	read_dir(req, ino, size, (uint64_t)off, false);
}

void op_readdirplus(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	read_dir(req, ino, size, (uint64_t)off, true);
}
