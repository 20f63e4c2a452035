#include <assert.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "op/access.h"
#include "op/call.h"
#include "op/change.h"
#include "op/quota.h"

static struct change *add_change(struct call *c, enum change_type type, unsigned int flags)
{
	struct record *r = &c->record;
	struct change *e = &r->changes[r->change_count++];

	assert(r->change_count <= RECORD_MAX_CHANGES);
	e->type = type;
	e->flags = flags;
	return e;
}

static struct bytes text_bytes(const char *text)
{
	return text ? name_bytes(text) : (struct bytes){0};
}

/* The first op of a process brings the process along. */
static void change_actor(struct call *c, struct actor *a)
{
	struct change *e = add_change(c, CHANGE_ACTOR, 0);

	a->id = journal_next_op(c->fs->journal);
	e->actor = (struct actor_image){
		.id = a->id,
		.start_time = a->start_time,
		.loginuid = a->loginuid,
		.pid = a->pid,
		.ppid = a->ppid,
		.uid = a->uid,
		.gid = a->gid,
		.session = a->session,
		.marks = a->marks,
		.text =
			{
				[ACTOR_HOST] = text_bytes(c->fs->host.name),
				[ACTOR_BOOT_ID] = text_bytes(c->fs->host.boot_id),
				[ACTOR_EXE] = text_bytes(a->exe),
				[ACTOR_COMM] = text_bytes(a->comm),
				[ACTOR_CMDLINE] = text_bytes(a->cmdline),
				[ACTOR_CGROUP] = text_bytes(a->cgroup),
				[ACTOR_USERNAME] = text_bytes(a->username),
				[ACTOR_CWD] = text_bytes(a->cwd),
				[ACTOR_CHAIN] = text_bytes(a->chain),
				[ACTOR_UNIT] = text_bytes(a->unit),
				[ACTOR_TAG] = text_bytes(a->tag),
				[ACTOR_RUN] = text_bytes(a->run),
			},
	};
}

void change_begin(struct call *c, enum op_kind kind, uint64_t ino)
{
	struct record *r = &c->record;

	/* Changes are set as they are added: clearing all of them would cost more than the op. */
	r->kind = kind;
	r->ino = ino;
	r->parent = r->new_parent = 0;
	r->name = r->new_name = (struct bytes){0};
	r->off = r->len = -1;
	r->result = 0;
	r->unique = 0;
	r->tag = text_bytes(c->actor->tag);
	r->flags = c->deferred ? RECORD_DEFERRED : 0;
	r->change_count = 0;
	if (!c->actor->id)
		change_actor(c, c->actor);
	r->actor = c->actor->id;
}

const void *change_end(struct call *c)
{
	struct kept *kept = c->fs->kept;
	struct kept_op op = {.op = journal_next_op(c->fs->journal),
		.unique = c->req ? request_unique() : 0,
		.ino = c->record.ino,
		.len = c->record.len};
	const void *data;

	c->record.at = c->now / 1000;
	if (kept)
		kept_begin_op(kept, &op);
	data = journal_append(c->fs->journal, &c->record);
	if (kept)
		kept_end_op(kept, op.op);
	return data;
}

void change_at(struct call *c, uint64_t parent, struct bytes name)
{
	c->record.parent = parent;
	c->record.name = name;
}

void change_to(struct call *c, uint64_t parent, struct bytes name)
{
	c->record.new_parent = parent;
	c->record.new_name = name;
}

void change_inode(struct call *c, struct inode *inode, unsigned int flags)
{
	struct charge charge = charge_of(&inode->attr);
	struct change *e;

	if (inode->accessed)
		access_change(c->fs, &c->record, inode);
	e = add_change(c, CHANGE_INODE, flags);
	charge.bytes += inode->xattr_bytes;
	if (flags & CHANGE_NEW)
		inode->charge = (struct charge){0};
	quota_move(c->fs->state.quotas, &inode->charge, &charge);
	e->inode.attr = inode->attr;
	e->inode.target = (struct bytes){inode->target, inode->target_len};
	inode->told = false;
	inode->dirty_op = journal_next_op(c->fs->journal);
}

/* A range of a file is only in the past from now on. */
static void ends(struct call *c, const struct inode *inode, uint64_t off, uint64_t len)
{
	if (c->fs->state.quotas)
		quota_past(c->fs->state.quotas, inode->attr.uid,
			quota_overlap(&inode->attr, off, len));
}

static void xattr_ends(struct call *c, const struct inode *inode, const struct xattr *x)
{
	if (x)
		quota_past(c->fs->state.quotas, inode->attr.uid, x->value_len);
}

void change_inode_gone(struct call *c, struct inode *inode)
{
	static const struct charge nothing;
	bool no_bytes = !S_ISREG(inode->attr.mode) || inode->attr.size == 0;
	unsigned int flags =
		(no_bytes ? CHANGE_FRESH : 0) | (inode->attr.xattrs ? CHANGE_XATTRS : 0);
	struct change *e = add_change(c, CHANGE_INODE_GONE, flags);

	quota_move(c->fs->state.quotas, &inode->charge, &nothing);
	if (!no_bytes)
		ends(c, inode, 0, inode->attr.size);
	for (const struct xattr *x = inode->xattrs; x; x = x->next)
		xattr_ends(c, inode, x);
	e->gone = inode->ino;
	inode->gone = true;
	inode->dirty_op = journal_next_op(c->fs->journal);
}

void change_touch_dir(struct call *c, struct inode *dir)
{
	dir->attr.mtime = dir->attr.ctime = c->now;
	change_inode(c, dir, 0);
}

/* An op makes at most two names, so its id and one bit number them; see sql/schema/dirent.sql. */
static uint64_t next_cookie(struct call *c)
{
	uint64_t cookie = journal_next_op(c->fs->journal) * 2;

	for (unsigned int i = 0; i < c->record.change_count; i++)
		if (c->record.changes[i].type == CHANGE_DIRENT)
			cookie++;
	return cookie;
}

void change_name(struct call *c, struct inode *dir, struct bytes name, const struct inode *inode,
	uint64_t cookie)
{
	struct dirent_node *d = dirent_set(&c->fs->state, dir, name, inode->ino,
		cookie ? cookie : next_cookie(c), inode->attr.mode);
	struct change *e = add_change(c, CHANGE_DIRENT, 0);

	d->dirty_op = journal_next_op(c->fs->journal);
	e->dirent.parent = dir->ino;
	e->dirent.ino = d->ino;
	e->dirent.cookie = d->cookie;
	e->dirent.name = name;
}

void change_name_gone(struct call *c, struct dirent_node *d)
{
	struct bytes name = {d->name, d->name_len};
	struct change *e = add_change(c, CHANGE_DIRENT_GONE, 0);

	e->dirent.parent = d->parent;
	e->dirent.ino = d->ino;
	e->dirent.cookie = d->cookie;
	e->dirent.name = name;
	d->dirty_op = journal_next_op(c->fs->journal);
	dirent_set(&c->fs->state, inode_find(&c->fs->state, d->parent), name, 0, 0, 0);
}

void change_xattr(struct call *c, struct inode *inode, struct bytes name, struct bytes value)
{
	const struct xattr *before = xattr_find(inode, name);
	bool existed = before != NULL;
	struct change *e = add_change(c, CHANGE_XATTR, existed ? 0 : CHANGE_NEW);

	xattr_ends(c, inode, before);
	inode->xattr_bytes -= before ? name.len + before->value_len : 0;
	inode->xattr_bytes += name.len + value.len;
	xattr_set(&c->fs->state, inode, name, value, journal_next_op(c->fs->journal));
	e->xattr.ino = inode->ino;
	e->xattr.name = name;
	e->xattr.value = xattr_value(xattr_find(inode, name));
	if (!existed)
		inode->attr.xattrs++;
	inode->xattrs_known = true;
}

void change_xattr_gone(struct call *c, struct inode *inode, struct bytes name)
{
	struct change *e = add_change(c, CHANGE_XATTR_GONE, 0);

	e->xattr.ino = inode->ino;
	e->xattr.name = name;
	e->xattr.value = (struct bytes){0};
	xattr_ends(c, inode, xattr_find(inode, name));
	inode->xattr_bytes -= name.len + xattr_find(inode, name)->value_len;
	xattr_drop(&c->fs->state, inode, name);
	inode->attr.xattrs--;
	inode->xattrs_known = true;
}

void change_write(struct call *c, struct inode *inode, uint64_t off, struct bytes data, bool fresh)
{
	struct change *e = add_change(c, CHANGE_EXTENT, fresh ? CHANGE_FRESH : 0);

	ends(c, inode, off, data.len);
	e->extent.ino = inode->ino;
	e->extent.off = off;
	e->extent.len = data.len;
	e->extent.data = data;
}

void change_share(
	struct call *c, struct inode *inode, uint64_t off, uint64_t len, struct bytes shares)
{
	struct change *e = add_change(c, CHANGE_SHARE, 0);

	e->extent.ino = inode->ino;
	e->extent.off = off;
	e->extent.len = len;
	e->extent.data = shares;
	pending_add(inode, (struct pending){.op = journal_next_op(c->fs->journal),
				   .off = off,
				   .len = len,
				   .kind = PENDING_SHARE});
}

void change_cut(struct call *c, struct inode *inode, uint64_t off, uint64_t len)
{
	struct change *e = add_change(c, CHANGE_CUT, 0);

	ends(c, inode, off, len);
	e->extent.ino = inode->ino;
	e->extent.off = off;
	e->extent.len = len;
	e->extent.data = (struct bytes){0};
	pending_add(inode, (struct pending){.op = journal_next_op(c->fs->journal),
				   .off = off,
				   .len = len,
				   .kind = PENDING_CUT});
}

void change_size(struct call *c, struct inode *inode, uint64_t size)
{
	if (size < inode->attr.size) {
		change_cut(c, inode, size, INT64_MAX - size);
		allocated_cut(&inode->attr, size, inode->attr.size, 0);
	}
	inode->attr.size = size;
	c->record.off = (int64_t)size;
}

void change_subdirs(struct inode *dir, int by)
{
	if (by > 0)
		dir->attr.nlink++;
	else if (dir->attr.nlink > 2)
		dir->attr.nlink--;
}

void change_unlinked(struct call *c, struct inode *inode)
{
	inode->attr.ctime = c->now;
	if (S_ISDIR(inode->attr.mode))
		inode->attr.nlink = 0;
	else if (inode->attr.nlink)
		inode->attr.nlink--;
	if (inode->attr.nlink == 0 && !inode->opens && !c->fs->state.shared)
		change_inode_gone(c, inode);
	else
		change_inode(c, inode, 0);
}
