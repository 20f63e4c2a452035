#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/file.h>

#include "base/buf.h"
#include "op/call.h"
#include "op/follow.h"
#include "op/lock.h"
#include "op/op.h"

/* A request that the room of locks has. */
struct lock_wait {
	struct lock_ask ask; /* first: it is found by it */
	struct fs *fs;
	fuse_req_t req;
	struct request *request; /* NULL: it is answered */
	struct follow_waiter follow;
};

/* Nobody was there any more when it was granted. */
static void release_again(struct lock_wait *w)
{
	w->ask.lock.mode = LOCK_NONE;
	w->ask.waits = false;
	w->ask.interrupted = NULL;
	w->ask.upto = 0;
	if (!locking_ask(w->fs->locking, &w->ask))
		free(w);
}

/* What was written under the lock before, on another mount, is known here. */
static void caught_up(struct follow_waiter *f, int error)
{
	struct lock_wait *w = (struct lock_wait *)((char *)f - offsetof(struct lock_wait, follow));
	bool told = request_finish(w->request, error);

	w->request = NULL;
	if (!told && !error)
		release_again(w);
	else
		free(w);
}

static void done(struct lock_ask *ask, int error)
{
	struct lock_wait *w = (struct lock_wait *)ask;
	bool granted = !error && ask->lock.mode != LOCK_NONE, current;

	if (!w->request) {
		free(w);
	} else if (!granted) {
		request_finish(w->request, error);
		free(w);
	} else {
		w->follow.fn = caught_up;
		pthread_mutex_lock(&w->fs->lock);
		current = follow_catch_up(w->fs, &w->follow);
		pthread_mutex_unlock(&w->fs->lock);
		if (current)
			caught_up(&w->follow, 0);
	}
}

static bool interrupted(const struct lock_ask *ask)
{
	const struct lock_wait *w = (const struct lock_wait *)ask;

	return w->request && request_interrupted(w->request);
}

static void late(struct lock_ask *ask)
{
	struct lock_wait *w = (struct lock_wait *)ask;

	if (w->request)
		request_finish(w->request, 0);
	w->request = NULL;
}

static struct lock_wait *wait_new(
	fuse_req_t req, fuse_ino_t ino, const struct fuse_file_info *fi, bool flock)
{
	struct lock_wait *w = xcalloc(1, sizeof(*w));

	w->fs = fuse_req_userdata(req);
	w->req = req;
	w->ask.fh = fi->fh;
	w->ask.done = done;
	w->ask.lock = (struct lock){.ino = ino,
		.owner = fi->lock_owner,
		.flock = flock,
		.last = LOCK_BYTES_MAX,
		.pid = fuse_req_ctx(req)->pid};
	return w;
}

/* Under the lock of the filesystem: a file whose locks were lost is not what its program takes it
 * for. */
static int check(struct lock_wait *w)
{
	const struct handle *h;
	int rc;

	pthread_mutex_lock(&w->fs->lock);
	w->ask.upto = journal_next_op(w->fs->journal) - 1;
	h = handle_find(&w->fs->state, w->ask.fh);
	rc = h && h->unlocked ? EIO : 0;
	pthread_mutex_unlock(&w->fs->lock);
	return rc;
}

/* Asks, and has the request wait. */
static void ask_lock(struct lock_wait *w)
{
	fuse_req_t req = w->req;
	bool releases = w->ask.lock.mode == LOCK_NONE;
	int rc = check(w);

	if (releases ? !locking_holds(w->fs->locking, &w->ask.lock) : rc) {
		free(w);
		fuse_reply_err(req, releases ? 0 : rc);
		return;
	}
	w->ask.interrupted = w->ask.waits ? interrupted : NULL;
	w->request = request_keep(req, WAIT_LOCK, NULL, NULL);
	if (locking_ask(w->fs->locking, &w->ask))
		return;
	request_finish(w->request, 0);
	free(w);
}

static enum lock_mode mode_of(short type)
{
	return type == F_UNLCK ? LOCK_NONE : type == F_WRLCK ? LOCK_EXCLUSIVE : LOCK_SHARED;
}

static void set_range(struct lock *lock, const struct flock *range)
{
	lock->mode = mode_of(range->l_type);
	lock->first = range->l_start;
	lock->last = range->l_len ? range->l_start + range->l_len - 1 : LOCK_BYTES_MAX;
	if (range->l_pid)
		lock->pid = range->l_pid;
}

void op_setlk(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *range, int sleep)
{
	struct lock_wait *w = wait_new(req, ino, fi, false);

	set_range(&w->ask.lock, range);
	w->ask.waits = sleep;
	ask_lock(w);
}

void op_flock(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, int op)
{
	struct lock_wait *w = wait_new(req, ino, fi, true);

	w->ask.waits = !(op & LOCK_NB);
	w->ask.lock.mode = op & LOCK_EX ? LOCK_EXCLUSIVE : op & LOCK_SH ? LOCK_SHARED : LOCK_NONE;
	ask_lock(w);
}

static void tested(struct lock_ask *ask, int error)
{
	struct lock_wait *w = (struct lock_wait *)ask;

	request_wake(w->request, error);
}

static void reply_tested(void *arg, int error)
{
	static const short types[] = {
		[LOCK_NONE] = F_UNLCK, [LOCK_SHARED] = F_RDLCK, [LOCK_EXCLUSIVE] = F_WRLCK};
	struct lock_wait *w = arg;
	const struct lock *lock = &w->ask.lock;
	struct flock range = {.l_type = types[lock->mode],
		.l_whence = SEEK_SET,
		.l_start = lock->first,
		.l_len = lock->last == LOCK_BYTES_MAX ? 0 : lock->last - lock->first + 1,
		.l_pid = lock->pid};

	if (error)
		fuse_reply_err(w->req, error);
	else
		fuse_reply_lock(w->req, &range);
	free(w);
}

void op_getlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *range)
{
	struct lock_wait *w = wait_new(req, ino, fi, false);

	set_range(&w->ask.lock, range);
	w->ask.question = LOCK_TEST;
	w->ask.done = tested;
	w->request = request_keep(req, WAIT_LOCK, reply_tested, w);
	locking_ask(w->fs->locking, &w->ask);
}

/* Every close of a file by a process, which releases what that process has by fcntl(2). Others know
 * what was written before. */
void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct lock_wait *w = wait_new(req, ino, fi, false);

	if (!locking_holds(w->fs->locking, &w->ask.lock)) {
		free(w);
		op_flush_shared(req, ino);
		return;
	}
	w->ask.closes = true;
	w->ask.late = late;
	ask_lock(w);
}

/* --- what the room of locks asks and tells --- */

bool lock_settled(void *arg, uint64_t upto)
{
	struct fs *fs = arg;
	bool settled;

	pthread_mutex_lock(&fs->lock);
	settled = journal_committed(fs->journal) >= upto || journal_failed(fs->journal);
	pthread_mutex_unlock(&fs->lock);
	return settled;
}

void lock_lost(void *arg, uint64_t fh)
{
	struct fs *fs = arg;
	struct handle *h;

	pthread_mutex_lock(&fs->lock);
	h = handle_find(&fs->state, fh);
	if (h)
		h->unlocked = true;
	pthread_mutex_unlock(&fs->lock);
}

int lock_check(const struct call *c, uint64_t fh)
{
	const struct handle *h = c->fs->locking ? handle_find(&c->fs->state, fh) : NULL;

	return h && h->unlocked ? EIO : 0;
}
