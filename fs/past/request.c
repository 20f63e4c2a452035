#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "op/attr.h"
#include "op/call.h"
#include "past/request.h"

static void finish(struct past_request *r)
{
	past_wait_end(r->fs->past, r->bytes);
	past_caller_release(&r->caller);
	free(r);
}

/* On a thread of the transport: the answer is there, or cannot be had. */
static void resume(void *arg, int error)
{
	struct past_request *r = arg;

	if (error)
		fuse_reply_err(r->req, error);
	/* What is asked about a node has a row, unless it was pruned since the node was made. */
	else if (r->node && r->op && PQntuples(r->res) == 0)
		fuse_reply_err(r->req, ESTALE);
	else
		r->answer(r, r->res);
	PQclear(r->res);
	finish(r);
}

static void answered(struct reader_query *q, PGresult *res, const struct error *err)
{
	struct past_request *r = q->arg;

	free(q);
	if (err)
		log_error("%s", err->text);
	r->res = res;
	request_wake(r->request, err ? error_to_errno(err) : 0);
}

/* Its user's questions wait for each other, and for nobody else's. */
static void ask(struct past_request *r)
{
	r->query->user = r->caller.uid;
	reader_pool_submit(r->fs->past_reader, r->query);
}

static void committed(struct journal_waiter *w, int error)
{
	struct past_request *r = (struct past_request *)w;

	if (!error) {
		ask(r);
		return;
	}
	free(r->query);
	request_wake(r->request, error);
}

struct past_request *past_request_new(
	fuse_req_t req, enum stmt stmt, void (*answer)(struct past_request *, const PGresult *))
{
	struct past_request *r = xcalloc(1, sizeof(*r));

	r->fs = fuse_req_userdata(req);
	past_caller_get(&r->caller, req);
	r->bytes =
		sizeof(*r) + sizeof(*r->query) + r->caller.group_count * sizeof(*r->caller.groups);
	if (!past_wait_begin(r->fs->past, r->bytes)) {
		r->bytes = 0;
		finish(r);
		fuse_reply_err(req, ENOMEM);
		return NULL;
	}
	r->waiter.fn = committed;
	r->req = req;
	r->query = reader_query_new(stmt, answered, r);
	r->answer = answer;
	return r;
}

static void wait(struct past_request *r)
{
	if (r->request)
		request_wait_again(r->request, WAIT_PAST, r);
	else
		r->request = request_keep(r->req, WAIT_PAST, resume, r);
}

void past_submit(struct past_request *r, bool present)
{
	bool committing = false;

	/* Before anybody can wake it. */
	wait(r);
	if (present && r->fs->journal) {
		pthread_mutex_lock(&r->fs->lock);
		committing = !journal_failed(r->fs->journal) &&
			     !journal_commit(r->fs->journal, &r->waiter);
		pthread_mutex_unlock(&r->fs->lock);
	}
	if (!committing)
		ask(r);
}

struct past_request *past_request_node(fuse_req_t req, uint64_t node, enum stmt stmt,
	void (*answer)(struct past_request *, const PGresult *))
{
	struct fs *fs = fuse_req_userdata(req);
	uint64_t op = past_op(fs->past, node);
	struct past_request *r;

	if (!op) {
		fuse_reply_err(req, ESTALE);
		return NULL;
	}
	r = past_request_new(req, stmt, answer);
	if (!r)
		return NULL;
	r->node = node;
	r->op = op;
	reader_query_int(r->query, (int64_t)past_ino(node));
	reader_query_int(r->query, (int64_t)op);
	return r;
}

/* Whether it is a device that can be opened: whiteouts, which are 0/0, are none. */
static bool is_device(const struct inode_attr *attr)
{
	return S_ISBLK(attr->mode) || (S_ISCHR(attr->mode) && attr->rdev != 0);
}

bool past_openable(const PGresult *res)
{
	struct inode_attr attr = result_attr(res, 0);

	return !is_device(&attr);
}

/*
 * The past is data, never power. The kernel runs a set-id program and opens a device by what it was
 * told of them, without asking again, and neither a later chmod nor a removal would end that. So
 * programs have no set-id bits, and a device is an empty file that nobody may open. Set-id bits of
 * directories say only whose their new files are.
 */
static void drop_power(const struct inode_attr *attr, struct stat *st)
{
	if (is_device(attr)) {
		st->st_mode = S_IFREG;
		st->st_rdev = 0;
		st->st_size = 0;
		st->st_blocks = 0;
	} else if (!S_ISDIR(attr->mode)) {
		st->st_mode &= ~(mode_t)(S_ISUID | S_ISGID);
	}
}

int64_t past_attr(const struct past_request *r, const PGresult *res, int row, struct stat *st)
{
	struct inode_attr attr = result_attr(res, row);

	attr_to_stat(&attr, st);
	drop_power(&attr, st);
	st->st_ino = past_stat_ino(r->fs, past_node(r->fs->past, r->op, attr.ino));
	return attr.btime;
}

bool past_guard_allows(const struct past_caller *caller, struct bytes guard, int want)
{
	char *text = xcalloc(1, (size_t)guard.len + 1);
	bool allowed;

	memcpy(text, guard.data, guard.len);
	allowed = past_allowed(caller, text, want);
	free(text);
	return allowed;
}

bool past_request_allowed(const struct past_request *r, const PGresult *res, int want)
{
	return past_guard_allows(&r->caller, row_bytes(res, 0, PAST_GUARD), want);
}

bool past_private(const struct past_request *r, const PGresult *res)
{
	return r->fs->config.past_owner && r->caller.uid != 0 && !PQgetisnull(res, 0, PAST_OWNER) &&
	       (uid_t)row_int(res, 0, PAST_OWNER) != r->caller.uid;
}

struct fuse_entry_param past_entry(struct past_request *r, const PGresult *res, int row)
{
	bool stricter = row_int(res, 0, PAST_STRICTER);
	struct fuse_entry_param e = {.attr_timeout = KERNEL_CACHE_SECONDS};

	/* Names that the kernel keeps, it gives to everyone whom the directory's mode of then lets
	 * in: it may do so only where the present is no stricter. */
	e.entry_timeout = stricter || r->fs->config.past_owner ? 0 : PAST_NAME_SECONDS;
	if (!PQgetisnull(res, row, 0)) {
		past_attr(r, res, row, &e.attr);
		e.ino = past_node(r->fs->past, r->op, (uint64_t)row_int(res, row, 0));
		if (row_int(res, row, PAST_XATTRS) == 0)
			past_plain_keep(r->fs->past, e.ino);
	}
	return e;
}

void past_request_free(struct past_request *r)
{
	free(r->query);
	finish(r);
}

struct past_request *past_request_next(struct past_request *r, enum stmt stmt,
	void (*answer)(struct past_request *, const PGresult *))
{
	struct past_request *next = xcalloc(1, sizeof(*next));

	*next = *r;
	r->caller.groups = NULL;
	r->bytes = 0;
	next->res = NULL;
	next->answer = answer;
	next->query = reader_query_new(stmt, answered, next);
	return next;
}

struct past_request *past_request_next_node(struct past_request *r, enum stmt stmt,
	void (*answer)(struct past_request *, const PGresult *))
{
	struct past_request *next = past_request_next(r, stmt, answer);

	reader_query_int(next->query, (int64_t)past_ino(r->node));
	reader_query_int(next->query, (int64_t)r->op);
	return next;
}
