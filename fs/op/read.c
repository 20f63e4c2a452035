#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "op/access.h"
#include "op/call.h"
#include "op/content.h"
#include "op/fetch.h"
#include "op/lock.h"
#include "op/nearby.h"
#include "op/need.h"
#include "op/op.h"
#include "op/readahead.h"

/* A read that waits for what the database has of the file. */
struct read_wait {
	struct journal_waiter waiter; /* first: it is found by it */
	struct content content;       /* what the database has, when it has come */
	struct fs *fs;
	fuse_req_t req;
	struct request *request;
	uint64_t committed; /* last committed op when it was asked */
	uint64_t evictions;
};

static void read_data(struct read_wait *w);

/* Bytes of a read at off that the file has. */
static uint64_t clip(const struct inode *inode, uint64_t off, uint64_t len)
{
	uint64_t size = inode->attr.size;

	if (off >= size)
		return 0;
	return size - off < len ? size - off : len;
}

/* What came is not all that there is by now: to be asked again. */
static bool is_outdated(const struct read_wait *w, const struct inode *inode)
{
	if (!inode)
		return w->fs->state.evictions != w->evictions;
	return inode->dropped_op > w->committed ||
	       pending_shared(inode, w->content.off, w->content.len);
}

/* False: bytes left the state for the database while the answer was on its way, which may not have
 * them. */
static bool reply_data(struct read_wait *w)
{
	const struct content *c = &w->content;
	char *buf = xcalloc(1, c->len);
	struct inode *inode;
	uint64_t n = c->len;
	bool outdated;

	content_place(c, buf);
	pthread_mutex_lock(&w->fs->lock);
	inode = inode_find(&w->fs->state, c->ino);
	outdated = is_outdated(w, inode);
	if (!outdated && inode) {
		pending_overlay(inode, buf, c->off, c->len);
		n = clip(inode, c->off, c->len);
	}
	pthread_mutex_unlock(&w->fs->lock);
	if (!outdated)
		fuse_reply_buf(w->req, buf, n);
	free(buf);
	return !outdated;
}

static void read_free(struct read_wait *w)
{
	content_clear(&w->content);
	free(w);
}

/* On a thread of the transport: what it waited for is there. */
static void read_resume(void *arg, int error)
{
	struct read_wait *w = arg;

	if (error)
		fuse_reply_err(w->req, error);
	else if (!w->content.answer || !reply_data(w)) {
		read_data(w);
		return;
	}
	read_free(w);
}

static void wait(struct read_wait *w, enum request_wait why)
{
	if (w->request)
		request_wait_again(w->request, why, w);
	else
		w->request = request_keep(w->req, why, read_resume, w);
}

static void content_done(struct content *c, int error)
{
	struct read_wait *w = (struct read_wait *)((char *)c - offsetof(struct read_wait, content));

	request_wake(w->request, error);
}

static void shares_committed(struct journal_waiter *waiter, int error)
{
	request_wake(((struct read_wait *)waiter)->request, error);
}

/* Under the lock. What was copied from elsewhere the database can tell once it is committed.
 * Returns 0, an errno, or CALL_SUSPENDED: it will be asked then. */
static int wait_for_shares(struct read_wait *w)
{
	const struct inode *inode = inode_find(&w->fs->state, w->content.ino);

	if (!inode || !pending_shared(inode, w->content.off, w->content.len))
		return 0;
	if (journal_failed(w->fs->journal))
		return EIO;
	w->waiter.fn = shares_committed;
	if (journal_commit(w->fs->journal, &w->waiter))
		return 0;
	wait(w, WAIT_COMMIT);
	return CALL_SUSPENDED;
}

/* Asks, and waits for an answer that comes at once. True with it; else it is waited for. */
static bool answered(struct read_wait *w)
{
	request_enter(TRACE_DATA);
	if (content_get(w->fs->contents, &w->content)) {
		request_enter(TRACE_STATE);
		return true;
	}
	wait(w, WAIT_DATA);
	content_ask(w->fs->contents, &w->content);
	return false;
}

/* Returns whether it has the answer already. */
static bool ask_data(struct read_wait *w)
{
	int rc;

	content_clear(&w->content);
	pthread_mutex_lock(&w->fs->lock);
	rc = wait_for_shares(w);
	if (!rc) {
		w->committed = journal_committed(w->fs->journal);
		w->evictions = w->fs->state.evictions;
	}
	pthread_mutex_unlock(&w->fs->lock);
	if (rc == CALL_SUSPENDED)
		return false;
	if (rc) {
		fuse_reply_err(w->req, rc);
		read_free(w);
		return false;
	}
	return answered(w);
}

/* Replies with what the database has, which is asked for as often as it takes. */
static void read_data(struct read_wait *w)
{
	while (ask_data(w))
		if (reply_data(w)) {
			read_free(w);
			return;
		}
}

/* --- reads of what was asked for in chunks --- */

/* The kernel asks for a MiB at most. */
#define READ_CHUNKS 9

/* Pieces that a reply has without a copy. */
#define READ_PIECES 64

/* A reply with bytes of chunks. */
struct chunk_reply {
	uint64_t ino, off, len;
	struct answer *answers[READ_CHUNKS];
	size_t count;
	struct iovec iov[READ_PIECES];
	int pieces;
	uint64_t end; /* up to where the pieces have all bytes */
	char *copy;   /* in place of them, where there are holes, or too many */
};

static void copy_piece(struct chunk_reply *r, const struct piece *p, uint64_t lo, uint64_t hi)
{
	if (r->copy)
		memcpy(r->copy + (lo - r->off), p->data + (lo - p->off), hi - lo);
}

static void add_piece(struct chunk_reply *r, const struct piece *p, uint64_t lo, uint64_t hi)
{
	if (r->pieces == READ_PIECES || lo != r->end)
		return;
	r->iov[r->pieces++] = (struct iovec){(void *)(uintptr_t)(p->data + (lo - p->off)), hi - lo};
	r->end = hi;
}

/* Calls fn for what the chunks of the reply have of its range, in order. */
static void each_piece(struct fs *fs, struct chunk_reply *r,
	void (*fn)(struct chunk_reply *, const struct piece *, uint64_t lo, uint64_t hi))
{
	uint64_t stop = r->off + r->len;

	for (uint64_t at = r->off; at < stop; at = (chunk_number(at) + 1) * CHUNK_BYTES) {
		const struct chunk *c = chunk_find(&fs->state.chunks, r->ino, chunk_number(at));
		uint64_t end = (chunk_number(at) + 1) * CHUNK_BYTES;

		end = end < stop ? end : stop;
		for (size_t i = c ? c->first : 0; c && i < c->end; i++) {
			const struct piece *p = &c->answer->pieces[i];
			uint64_t lo = p->off > at ? p->off : at;
			uint64_t hi = p->off + p->len < end ? p->off + p->len : end;

			if (lo < hi)
				fn(r, p, lo, hi);
		}
	}
}

/* Under the lock: holds the bytes of the reply, whatever becomes of their chunks. */
static void hold(struct fs *fs, struct chunk_reply *r)
{
	r->end = r->off;
	for (uint64_t n = chunk_number(r->off); n * CHUNK_BYTES < r->off + r->len; n++) {
		struct answer *a = chunk_find(&fs->state.chunks, r->ino, n)->answer;

		a->users++;
		r->answers[r->count++] = a;
	}
	each_piece(fs, r, add_piece);
	if (r->end == r->off + r->len)
		return;
	r->copy = xcalloc(1, r->len);
	each_piece(fs, r, copy_piece);
}

/* Under the lock: each of the bytes has been read. */
static void consume(struct fs *fs, const struct chunk_reply *r)
{
	uint64_t stop = r->off + r->len;

	for (uint64_t at = r->off, end; at < stop; at = end) {
		struct chunk *c = chunk_find(&fs->state.chunks, r->ino, chunk_number(at));

		end = (chunk_number(at) + 1) * CHUNK_BYTES;
		end = end < stop ? end : stop;
		if (c && c->answer)
			chunk_read(c, end - at);
	}
}

/* Lets go of the lock, and replies. */
static void reply_chunks(struct call *c, struct chunk_reply *r)
{
	struct fs *fs = c->fs;
	struct answer *unused;

	call_leave(c);
	if (r->copy)
		fuse_reply_buf(c->req, r->copy, r->len);
	else
		fuse_reply_iov(c->req, r->iov, r->pieces);
	free(r->copy);
	pthread_mutex_lock(&fs->lock);
	for (size_t i = 0; i < r->count; i++)
		answer_put(&fs->state.chunks, r->answers[i]);
	unused = chunks_unused(&fs->state.chunks);
	pthread_mutex_unlock(&fs->lock);
	answers_free(unused);
}

static bool is_small(const struct inode *inode, uint64_t off, uint64_t len)
{
	return inode->base_end <= FETCH_SMALL_BYTES && off == 0 && len >= inode->base_end;
}

/* Asks for the chunks of [off, off+len) that are not there. False: they are not to be had. */
static bool ask_chunks(struct call *c, struct inode *inode, uint64_t off, uint64_t len)
{
	struct chunks *cs = &c->fs->state.chunks;
	struct fetch *f = NULL;
	bool ok = true;

	if (is_small(inode, off, len))
		return chunk_find(cs, inode->ino, 0) || nearby_ask(c, inode);
	for (uint64_t n = chunk_number(off); ok && n * CHUNK_BYTES < off + len; n++) {
		bool there = chunk_find(cs, inode->ino, n);

		if (there && f) {
			fetch_range(f);
			f = NULL;
		}
		if (!there) {
			f = f ? f : fetch_new(c->fs);
			ok = fetch_chunk(f, inode, n, false);
		}
	}
	if (f)
		fetch_range(f);
	return ok;
}

enum chunks_there { CHUNKS_LACK, CHUNKS_COME, CHUNKS_ARE_HERE };

/* Of the chunks of [off, off+len), *coming is one that was asked for. */
static enum chunks_there look(
	struct fs *fs, uint64_t ino, uint64_t off, uint64_t len, const struct chunk **coming)
{
	enum chunks_there there = CHUNKS_ARE_HERE;

	*coming = NULL;
	for (uint64_t n = chunk_number(off); n * CHUNK_BYTES < off + len; n++) {
		const struct chunk *chunk = chunk_find(&fs->state.chunks, ino, n);

		if (!chunk)
			return CHUNKS_LACK;
		if (!chunk->answer) {
			there = CHUNKS_COME;
			*coming = chunk;
		}
	}
	return there;
}

/* So often chunks were gone again when they had come: the memory is too small for all who read. */
#define CHUNK_WAITS_MAX 3

/* Whether chunks can have all of [off, off+len), and what the database says of it may be shown. */
static bool may_use_chunks(
	const struct call *c, const struct inode *inode, uint64_t off, uint64_t len)
{
	return !request_error() && request_waits() <= CHUNK_WAITS_MAX &&
	       journal_leased(c->fs->journal) && off + len <= inode->base_end &&
	       pending_first(inode, off, len) == off + len &&
	       chunk_number(off + len - 1) - chunk_number(off) < READ_CHUNKS;
}

/*
 * Under the lock: replies with what chunks have, or waits for them, and lets go of the lock. False:
 * the bytes are asked for by themselves.
 */
static bool read_chunks(
	struct call *c, struct inode *inode, struct handle *h, uint64_t off, uint64_t len)
{
	struct chunk_reply r = {.ino = inode->ino, .off = off, .len = len};
	bool small = is_small(inode, off, len), waited = request_waits();
	const struct chunk *coming;
	enum chunks_there there;

	if (!may_use_chunks(c, inode, off, len))
		return false;
	there = look(c->fs, inode->ino, off, len, &coming);
	if (there == CHUNKS_LACK && !small && !ahead_pays(h, len))
		return false;
	if ((small || off == 0) && there != CHUNKS_LACK && !waited)
		nearby_used(c, inode);
	if (there == CHUNKS_ARE_HERE) {
		hold(c->fs, &r);
		consume(c->fs, &r);
	} else if (there == CHUNKS_LACK && !ask_chunks(c, inode, off, len)) {
		return false;
	}
	ahead_ask(c, h, inode);
	if (there == CHUNKS_ARE_HERE) {
		reply_chunks(c, &r);
		return true;
	}
	/* Room may have been made of what was there. */
	look(c->fs, inode->ino, off, len, &coming);
	if (!coming)
		return false;
	fetch_wait(c, coming);
	call_leave(c);
	return true;
}

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct read_wait *w;
	struct inode *inode;
	struct handle *h;
	struct call c;
	uint64_t n;
	char *buf;
	int rc;

	call_begin(&c, req);
	rc = lock_check(&c, fi->fh);
	if (!rc)
		rc = need_inode(&c, ino, &inode);
	if (rc) {
		call_end(&c, rc);
		return;
	}
	if (!(fi->flags & O_NOATIME))
		access_note(c.fs, inode);
	n = clip(inode, (uint64_t)off, size);
	h = handle_find(&c.fs->state, fi->fh);
	if (!request_waits())
		ahead_note(h, (uint64_t)off, n);
	if (n && read_chunks(&c, inode, h, (uint64_t)off, n))
		return;
	if (pending_shared(inode, (uint64_t)off, n) ||
		pending_needs_base(inode, (uint64_t)off, n)) {
		call_leave(&c);
		w = xcalloc(1, sizeof(*w));
		*w = (struct read_wait){.fs = c.fs,
			.req = req,
			.content = {ino, (uint64_t)off, n, .done = content_done}};
		read_data(w);
		return;
	}
	buf = xcalloc(1, n ? n : 1);
	pending_overlay(inode, buf, (uint64_t)off, n);
	call_leave(&c);
	fuse_reply_buf(req, buf, n);
	free(buf);
}
