#include <errno.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "op/attr.h"
#include "op/call.h"
#include "op/flags.h"

/* To wait for it is told apart; most get it at once. */
static void take_lock(struct fs *fs)
{
	if (pthread_mutex_trylock(&fs->lock) == 0)
		return;
	request_enter(TRACE_LOCK);
	pthread_mutex_lock(&fs->lock);
	request_enter(TRACE_STATE);
}

void call_begin(struct call *c, fuse_req_t req)
{
	c->fs = fuse_req_userdata(req);
	c->req = req;
	c->ctx = fuse_req_ctx(req);
	c->actor = NULL;
	c->deferred = false;
	c->stranger = false;
	take_lock(c->fs);
}

/* One time for the op and for what it sets to now. */
void call_now(struct call *c)
{
	c->now = c->fs->journal ? journal_next_at(c->fs->journal) * 1000 : clock_now_ns();
}

void call_begin_change(struct call *c, fuse_req_t req)
{
	struct fs *fs = fuse_req_userdata(req);
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	/* Before the lock: it reads /proc, and the process stays what it is while it waits for us.
	 */
	struct actor *actor = actor_get(fs->actors, ctx->pid, ctx->uid, ctx->gid);

	if (fs->journal)
		journal_look(fs->journal);
	call_begin(c, req);
	c->actor = actor;
	call_now(c);
}

bool call_is_done(const struct call *c, struct kept_op *done)
{
	return c->fs->kept && request_sent_again() &&
	       kept_find_op(c->fs->kept, request_unique(), done);
}

void call_leave(struct call *c)
{
	struct answer *unused = chunks_unused(&c->fs->state.chunks);

	pthread_mutex_unlock(&c->fs->lock);
	answers_free(unused);
	actor_unref(c->actor);
}

void call_end(struct call *c, int rc)
{
	call_leave(c);
	if (rc != CALL_SUSPENDED)
		fuse_reply_err(c->req, rc);
}

void attr_to_stat(const struct inode_attr *attr, struct stat *st)
{
	*st = (struct stat){
		.st_ino = attr->ino,
		.st_mode = attr->mode,
		.st_nlink = attr->nlink,
		.st_uid = attr->uid,
		.st_gid = attr->gid,
		.st_rdev = attr->rdev,
		.st_size = (off_t)attr->size,
		.st_blksize = 4096,
		.st_blocks = (blkcnt_t)((attr->allocated + 4095) / 4096 * 8),
		.st_atim = ns_timespec(attr->atime),
		.st_mtim = ns_timespec(attr->mtime),
		.st_ctim = ns_timespec(attr->ctime),
	};
}

struct inode_attr result_attr(const PGresult *res, int row)
{
	return (struct inode_attr){
		.ino = (uint64_t)row_int(res, row, 0),
		.mode = (uint32_t)row_int(res, row, 1),
		.nlink = (uint32_t)row_int(res, row, 2),
		.uid = (uint32_t)row_int(res, row, 3),
		.gid = (uint32_t)row_int(res, row, 4),
		.rdev = (uint32_t)row_int(res, row, 5),
		.size = (uint64_t)row_int(res, row, 6),
		.allocated = (uint64_t)row_int(res, row, 7),
		.atime = row_int(res, row, 8),
		.mtime = row_int(res, row, 9),
		.ctime = row_int(res, row, 10),
		.btime = row_int(res, row, 11),
		.flags = (uint32_t)row_int(res, row, 12),
		.xattrs = (uint32_t)row_int(res, row, 13),
		.project = (uint32_t)row_int(res, row, 14),
	};
}

int flags_forbid(const struct inode *inode, uint32_t flags)
{
	return inode->attr.flags & flags ? EPERM : 0;
}

void reply_attr(fuse_req_t req, const struct stat *st, int64_t btime)
{
	if (transport_kind() == RAW_STATX)
		raw_reply_statx(req, st, btime, KERNEL_CACHE_SECONDS);
	else
		fuse_reply_attr(req, st, KERNEL_CACHE_SECONDS);
}

void call_end_attr(struct call *c, int rc, const struct inode *inode)
{
	struct stat st;
	int64_t btime;

	if (rc) {
		call_end(c, rc);
		return;
	}
	attr_to_stat(&inode->attr, &st);
	btime = inode->attr.btime;
	call_leave(c);
	reply_attr(c->req, &st, btime);
}

void call_end_entry(struct call *c, int rc, struct inode *inode)
{
	struct fuse_entry_param e = {
		.attr_timeout = KERNEL_CACHE_SECONDS, .entry_timeout = KERNEL_CACHE_SECONDS};

	if (rc) {
		call_end(c, rc);
		return;
	}
	if (inode) {
		e.ino = inode->ino;
		e.generation = state_generation(&c->fs->state, inode->ino);
		attr_to_stat(&inode->attr, &e.attr);
		inode->told = true;
	}
	call_leave(c);
	fuse_reply_entry(c->req, &e);
}
