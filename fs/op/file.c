#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "op/access.h"
#include "op/call.h"
#include "op/change.h"
#include "op/file.h"
#include "op/flags.h"
#include "op/follow.h"
#include "op/need.h"
#include "op/op.h"

/* So that a successor of this daemon knows it. */
static void keep(struct call *c, struct handle *h)
{
	const struct actor *opener = h->opener;
	struct kept_handle k = {.fh = h->fh,
		.ino = h->ino,
		.unique = h->unique,
		.flags = h->flags,
		.pid = h->pid,
		.uid = c->ctx->uid,
		.gid = c->ctx->gid,
		.known = opener != NULL,
		.start_time = opener ? opener->start_time : 0};

	h->kept = kept_open(c->fs->kept, &k);
}

/*
 * Whether the kernel is to tell each close (FLUSH), where locks end and those who open the file
 * elsewhere wait for it. That takes as long again as all else that is done to a small file that is
 * made, so of such ones it is left out, unless a mount has just opened files: until they are
 * closed, it is told that this was so.
 */
static void choose_flush(struct fs *fs, struct handle *h, struct fuse_file_info *fi, bool made)
{
	bool writes = (fi->flags & O_ACCMODE) != O_RDONLY;
	bool flushes =
		fs->locking || (writes && fs->state.shared && (!made || follow_closes_wait(fs)));

	fi->noflush = !flushes;
	handle_silence(&fs->state, h, writes && !flushes);
}

static struct handle *add_handle(struct call *c, struct inode *inode, int flags)
{
	struct handle *h = NULL;

	/* Its number was given out already, and the reply with it was lost. */
	if (request_sent_again())
		h = handle_by_request(&c->fs->state, request_unique());
	if (h && h->ino == inode->ino)
		return h;
	h = handle_add(&c->fs->state, inode->ino);
	h->unique = request_unique();
	h->opener = actor_ref(c->actor);
	h->opened = clock_mono_ns();
	h->pid = c->ctx->pid;
	h->flags = (uint32_t)flags;
	if (c->fs->kept)
		keep(c, h);
	inode->resized |= c->fs->invalidating > 0;
	inode->opens++;
	return h;
}

struct handle *file_open(struct call *c, struct inode *inode, struct fuse_file_info *fi, bool made)
{
	struct handle *h = add_handle(c, inode, fi->flags);

	fi->fh = h->fh;
	choose_flush(c->fs, h, fi, made);
	return h;
}

/* What chattr(1) said of the file: EPERM. */
static int check_flags(const struct inode *inode, int flags)
{
	if ((flags & O_ACCMODE) == O_RDONLY && !(flags & O_TRUNC))
		return 0;
	if (!(flags & O_APPEND) || flags & O_TRUNC)
		return flags_forbid(inode, FLAG_FROZEN);
	return flags_forbid(inode, FLAG_IMMUTABLE);
}

uint32_t overwrite_flags(const struct call *c, uint64_t fh)
{
	const struct handle *h = handle_find(&c->fs->state, fh);

	return h && !(h->flags & O_APPEND) ? FLAG_IMMUTABLE : FLAG_FROZEN;
}

static int open_file(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	struct kept_op done;
	bool truncate = fi->flags & O_TRUNC && !call_is_done(c, &done);
	struct inode *inode;
	struct handle *h;
	bool kill = truncate && transport_kills_setid();
	int rc = need_current(c);

	if (!rc)
		rc = need_setid(c, ino, kill ? SETID_CLEARED : SETID_STAYS, &inode);

	if (!rc)
		rc = need_unquiesced(c);
	if (!rc && truncate)
		rc = need_room(c, 0);
	if (rc)
		return rc;
	/* Others have removed it, or put another in its place: the kernel looks its name up again.
	 */
	if (inode->gone ||
		(!inode->attr.nlink && !inode->opens && journal_following(c->fs->journal)))
		return ESTALE;
	rc = check_flags(inode, fi->flags);
	if (rc)
		return rc;
	/* The times change also when there was nothing to cut off. */
	if (truncate) {
		change_begin(c, OP_TRUNCATE, ino);
		change_size(c, inode, 0);
		inode->attr.mtime = inode->attr.ctime = c->now;
		if (kill)
			change_kill_setid(c, &inode->attr);
		change_inode(c, inode, 0);
		change_end(c);
	}
	h = file_open(c, inode, fi, false);
	/* What the kernel has of the file will be read without us. */
	if ((fi->flags & (O_ACCMODE | O_NOATIME)) == O_RDONLY)
		h->accessed = access_note(c->fs, inode);
	/* The kernel's pages stay, but for what it has yet to be told that others changed. */
	fi->keep_cache = !c->fs->invalidating;
	return 0;
}

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct call c;
	int rc;

	access_refresh(fuse_req_userdata(req));
	/* Pages of a shared mapping are written later by the kernel, on behalf of who opened it. */
	if ((fi->flags & O_ACCMODE) == O_RDONLY && !(fi->flags & O_TRUNC))
		call_begin(&c, req);
	else
		call_begin_change(&c, req);
	rc = open_file(&c, ino, fi);
	if (rc) {
		call_end(&c, rc);
		return;
	}
	call_leave(&c);
	fuse_reply_open(req, fi);
}

void forget_orphan(struct fs *fs, struct inode *inode, struct actor *who)
{
	struct call c = {.fs = fs, .actor = who, .deferred = true};

	call_now(&c);
	change_begin(&c, OP_FORGET, inode->ino);
	change_inode_gone(&c, inode);
	change_end(&c);
}

/* Ends an inode without a name that nobody has open here any more, unless it is to end later. */
static void end_orphan(struct call *c, struct inode *inode, struct actor *opener)
{
	struct actor *who;

	if (c->fs->state.shared)
		return;
	if (journal_lent(c->fs->journal)) {
		c->fs->orphaned = true;
		return;
	}
	/* The kernel does not say who closed it; the opener stands for them. */
	who = opener ? actor_ref(opener) : actor_get(c->fs->actors, 0, 0, 0);
	forget_orphan(c->fs, inode, who);
	actor_unref(who);
}

/* *accessed: the kernel is to ask for the attributes again. */
static int release(struct call *c, uint64_t ino, uint64_t fh, bool *accessed)
{
	struct handle *h = handle_find(&c->fs->state, fh);
	struct inode *inode = inode_find(&c->fs->state, ino);
	int rc;

	if (!h || !inode)
		return EBADF;
	/* While a request is performed, whether it has a name left is not known. Where others write
	 * meanwhile, and may have it open, it ends later. */
	if (inode->opens == 1 && !journal_lent(c->fs->journal) &&
		(inode->attr.nlink == 0 || inode->stale || journal_quiesced(c->fs->journal))) {
		rc = need_inode(c, ino, &inode);
		if (!rc)
			rc = need_journal(c);
		if (rc)
			return rc;
	}
	inode->opens--;
	/* Who opens it asks for its attributes. */
	if (!inode->opens && !inode->misplaced)
		inode->resized = false;
	if (!inode->opens && inode->attr.nlink == 0 && !inode->gone)
		end_orphan(c, inode, h->opener);
	*accessed = h->accessed;
	if (c->fs->locking)
		locking_close(c->fs->locking, ino, fh, journal_next_op(c->fs->journal) - 1);
	actor_unref(h->opener);
	if (c->fs->kept)
		kept_close(c->fs->kept, h->kept);
	handle_drop(&c->fs->state, h);
	return 0;
}

void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	bool accessed = false;
	struct call c;
	int rc;

	call_begin(&c, req);
	rc = release(&c, ino, fi->fh, &accessed);
	/* At the close and not at the open, since many look at what they have just opened. */
	if (!accessed) {
		call_end(&c, rc);
		return;
	}
	call_leave(&c);
	transport_attr_changed(c.fs->transport, ino);
	fuse_reply_err(req, rc);
}

struct sync_wait {
	struct journal_waiter waiter; /* first: it is found by it */
	struct request *request;
};

static void synced(struct journal_waiter *w, int error)
{
	struct sync_wait *wait = (struct sync_wait *)w;

	request_finish(wait->request, error);
	free(wait);
}

static bool sync_head(struct journal *journal, struct journal_waiter *w, uint64_t op)
{
	return journal_sync(journal, w);
}

/* Waits, with one of the journal's functions, until the ops up to this one are flushed. */
static void wait_synced(struct call *c,
	bool (*is_over)(struct journal *journal, struct journal_waiter *w, uint64_t op),
	uint64_t op)
{
	struct journal *journal = c->fs->journal;
	struct sync_wait *wait = xcalloc(1, sizeof(*wait));
	int rc = 0;

	wait->waiter.fn = synced;
	request_enter(TRACE_FLUSH);
	if (journal_failed(journal)) {
		rc = EIO;
	} else if (!is_over(journal, &wait->waiter, op)) {
		/* In time: who is synced is told after the lock was had. */
		wait->request = request_keep(c->req, WAIT_FLUSH, NULL, NULL);
		rc = CALL_SUSPENDED;
	}
	call_end(c, rc);
	if (rc == CALL_SUSPENDED)
		journal_hurry(journal);
	else
		free(wait);
}

/*
 * What is waited for is the last op that changed the file, or a name of it, for each of these is a
 * change of its inode. The journal is ordered: with that all before it is flushed, of this file and
 * others, the directories above it among them.
 */
static void sync_inode(fuse_req_t req, uint64_t ino)
{
	const struct inode *inode;
	struct call c;

	call_begin(&c, req);
	inode = inode_find(&c.fs->state, ino);
	/* What is not here any more was committed. */
	wait_synced(
		&c, journal_sync_op, inode ? inode->dirty_op : journal_committed(c.fs->journal));
}

static bool commit_head(struct journal *journal, struct journal_waiter *w, uint64_t op)
{
	return journal_commit(journal, w);
}

/* Whether it is known that what was acknowledged may never be committed. */
static bool is_refused(struct journal *journal)
{
	return journal_failed(journal) ||
	       journal_room(journal, 0, JOURNAL_CHANGE) == JOURNAL_REFUSED;
}

/*
 * Every close of a file by a process that the kernel tells (choose_flush()): while files are opened
 * on other mounts, who opens it there then is to find what was written here. It does not wait to
 * say that what was written may be lost.
 */
void op_flush_shared(fuse_req_t req, fuse_ino_t ino)
{
	const struct inode *inode;
	struct call c;

	call_begin(&c, req);
	inode = inode_peek(&c.fs->state, ino);
	if (!inode || inode->dirty_op <= journal_committed(c.fs->journal))
		call_end(&c, 0);
	else if (is_refused(c.fs->journal))
		call_end(&c, EIO);
	else if (!follow_closes_wait(c.fs))
		call_end(&c, 0);
	else
		wait_synced(&c, commit_head, inode->dirty_op);
}

void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	sync_inode(req, ino);
}

/*
 * All that was done before: there is no other way to ask for that, as the kernel does not pass
 * sync(2) and syncfs(2) on. Of the root, it is in the database when it returns, in every case.
 * fdatasync(2), which databases call after they have made a file, is about the directory alone.
 */
void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct call c;

	if (datasync) {
		sync_inode(req, ino);
		return;
	}
	call_begin(&c, req);
	wait_synced(&c, ino == FUSE_ROOT_ID ? sync_head : journal_sync_op,
		journal_next_op(c.fs->journal) - 1);
}
