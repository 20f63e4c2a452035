#include <errno.h>
#include <sys/stat.h>

#include "op/call.h"
#include "op/need.h"
#include "op/op.h"

/* LOOKUP of . and .. comes from file handles that were kept over a cache's lifetime (NFS,
 * open_by_handle_at). */
static int lookup_dots(struct call *c, uint64_t ino, const char *name, struct inode **inode)
{
	int rc = need_inode(c, ino, inode);

	/* Whoever kept a handle of it has to be told. */
	if (!rc && (*inode)->gone)
		rc = ESTALE;
	if (rc || !name[1])
		return rc;
	if (!(*inode)->dir)
		return ENOTDIR;
	return need_inode(c, (*inode)->dir->parent ? (*inode)->dir->parent : FUSE_ROOT_ID, inode);
}

static int lookup(struct call *c, uint64_t parent, const char *name, struct inode **inode)
{
	struct inode *dir;
	struct dirent_node *d;
	int rc;

	*inode = NULL;
	if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
		return lookup_dots(c, parent, name, inode);
	rc = need_dir(c, parent, &dir);
	if (!rc)
		rc = need_name(c, dir, name_bytes(name), &d);
	if (rc || !d)
		return rc;
	return need_inode(c, d->ino, inode);
}

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct inode *inode;
	struct call c;
	int rc;

	call_begin(&c, req);
	rc = lookup(&c, parent, name, &inode);
	call_end_entry(&c, rc, inode);
}

static void forgotten(struct fs *fs, uint64_t ino)
{
	struct inode *inode = inode_peek(&fs->state, ino);

	if (inode)
		inode->told = false;
}

/*
 * Node ids are inode numbers and any of them can be asked of the database, so there is nothing to
 * count: what is clean can be evicted whether the kernel remembers it or not.
 */
void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup)
{
	struct fs *fs = fuse_req_userdata(req);

	pthread_mutex_lock(&fs->lock);
	forgotten(fs, ino);
	pthread_mutex_unlock(&fs->lock);
	fuse_reply_none(req);
}

void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	struct fs *fs = fuse_req_userdata(req);

	pthread_mutex_lock(&fs->lock);
	for (size_t i = 0; i < count; i++)
		forgotten(fs, forgets[i].ino);
	pthread_mutex_unlock(&fs->lock);
	fuse_reply_none(req);
}
