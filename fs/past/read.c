#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "op/attr.h"
#include "op/call.h"
#include "op/flags.h"
#include "op/layout.h"
#include "past/request.h"

/* The kernel asks for files that are to be run with this flag in place of the right to read. */
#define OPEN_EXEC 0x20

/* Why a lookup found no inode: there was a file, and nobody knows any more what it was. */
static int missing(const PGresult *res)
{
	if (!PQgetisnull(res, 0, 0))
		return EOVERFLOW;
	return PQgetisnull(res, 0, PAST_ENTRY_INO) ? ENOENT : ENODATA;
}

static void answer_lookup(struct past_request *r, const PGresult *res)
{
	struct fuse_entry_param e;

	if (!past_request_allowed(r, res, X_OK)) {
		fuse_reply_err(r->req, EACCES);
		return;
	}
	e = past_entry(r, res, 0);
	if (!e.ino)
		fuse_reply_err(r->req, missing(res));
	else if (past_private(r, res))
		fuse_reply_err(r->req, EACCES);
	else
		fuse_reply_entry(r->req, &e);
}

/*
 * Replies from a page of the directory that was just read. False: there is none with the name, or
 * who may see it is to be asked each time.
 */
static bool lookup_kept(struct past_request *r, const char *name)
{
	struct past_page page;
	struct fuse_entry_param e;
	bool replied = false;
	int row;
	PGresult *res = r->fs->config.past_owner
				? NULL
				: past_page_find(r->fs->past, r->node, name, &page, &row);

	if (!res)
		return false;
	e = past_entry(r, res, row);
	if (e.ino && e.entry_timeout > 0) {
		replied = true;
		e.entry_timeout -= (double)(clock_mono_ns() - page.read) / 1e9;
		if (!past_request_allowed(r, res, X_OK))
			fuse_reply_err(r->req, EACCES);
		else
			fuse_reply_entry(r->req, &e);
	}
	past_page_put(r->fs->past, &page, res);
	if (replied)
		past_request_free(r);
	return replied;
}

/* The root as of an instant; asked for by name, or for a mount's own root. */
static void answer_top(struct past_request *r, const PGresult *res)
{
	struct fuse_entry_param e = {
		.attr_timeout = KERNEL_CACHE_SECONDS, .entry_timeout = r->timeout};

	if (PQntuples(res) == 0) {
		past_age_drop(r->fs->past, r->op);
		fuse_reply_err(r->req, ENOENT);
		return;
	}
	past_attr(r, res, 0, &e.attr);
	past_top_keep(r->fs->past, r->op, &e.attr);
	e.ino = past_node(r->fs->past, r->op, FUSE_ROOT_ID);
	fuse_reply_entry(r->req, &e);
}

/* Replies with the root as of an op, if that is known. */
static bool reply_top(const struct fs *fs, fuse_req_t req, uint64_t op, double timeout)
{
	struct fuse_entry_param e = {
		.attr_timeout = KERNEL_CACHE_SECONDS, .entry_timeout = timeout};

	if (!past_top_find(fs->past, op, &e.attr))
		return false;
	e.ino = past_node(fs->past, op, FUSE_ROOT_ID);
	e.attr.st_ino = past_stat_ino(fs, e.ino);
	fuse_reply_entry(req, &e);
	return true;
}

static void answer_getattr(struct past_request *r, const PGresult *res)
{
	struct stat st;
	int64_t btime = past_attr(r, res, 0, &st);

	reply_attr(r->req, &st, btime);
}

static void answer_readlink(struct past_request *r, const PGresult *res)
{
	char target[4096];
	size_t n = (size_t)PQgetlength(res, 0, PAST_TARGET);

	if (n == 0 || n >= sizeof(target)) {
		fuse_reply_err(r->req, EINVAL);
		return;
	}
	memcpy(target, PQgetvalue(res, 0, PAST_TARGET), n);
	target[n] = '\0';
	fuse_reply_readlink(r->req, target);
}

/* Keeps the bytes of a small file, which came with the answer, for the read that follows. */
static void keep_bytes(struct past_request *r, const PGresult *res)
{
	struct past_page page = {.node = r->node,
		.upto = row_bytes(res, 0, PAST_BYTES).len,
		.read = clock_mono_ns()};

	if (page.upto) {
		past_page_put(r->fs->past, &page, r->res);
		r->res = NULL;
	}
}

static void answer_open(struct past_request *r, const PGresult *res)
{
	int want = r->fi.flags & OPEN_EXEC ? X_OK : R_OK;

	/* A device is refused to root, too, as where it is mounted with nodev. */
	if (!past_openable(res) || past_private(r, res) || !past_request_allowed(r, res, want)) {
		fuse_reply_err(r->req, EACCES);
	} else {
		r->fi.keep_cache = 1;
		/* Nothing is written by it. */
		r->fi.noflush = 1;
		keep_bytes(r, res);
		fuse_reply_open(r->req, &r->fi);
	}
}

static void answer_read(struct past_request *r, const PGresult *res)
{
	struct bytes bytes = row_bytes(res, 0, 0);

	/* The file alone was pruned, or erased: nothing to read is not an empty file. */
	if (PQgetisnull(res, 0, 0))
		fuse_reply_err(r->req, ESTALE);
	else if (bytes.len > r->size)
		fuse_reply_err(r->req, EIO);
	else
		fuse_reply_buf(r->req, bytes.data, bytes.len);
}

static void answer_lseek(struct past_request *r, const PGresult *res)
{
	uint64_t size = (uint64_t)row_int(res, 0, 2), at;
	struct ranges data = {0};
	int rc = ENXIO;

	if (r->off < size) {
		layout_ranges(res, block_of(r->off), INT_MAX, &data);
		rc = layout_seek(&data, size, r->whence, r->off, &at);
		ranges_free(&data);
	}
	if (rc)
		fuse_reply_err(r->req, rc);
	else
		fuse_reply_lseek(r->req, (off_t)at);
}

/* --- .thule and .thule/at themselves --- */

static void magic_stat(const struct fs *fs, uint64_t node, struct stat *st)
{
	*st = (struct stat){.st_ino = past_stat_ino(fs, node),
		.st_mode = S_IFDIR | 0555,
		.st_nlink = 2,
		.st_size = 4096,
		.st_blksize = 4096};
}

static void reply_magic(fuse_req_t req, uint64_t node)
{
	struct fuse_entry_param e = {.ino = node,
		.attr_timeout = KERNEL_CACHE_SECONDS,
		.entry_timeout = KERNEL_CACHE_SECONDS};

	magic_stat(fuse_req_userdata(req), node, &e.attr);
	fuse_reply_entry(req, &e);
}

/* --- requests --- */

/* op is known: get the attributes of its root. */
static void ask_root(struct past_request *r, uint64_t op)
{
	if (!r)
		return;
	r->op = op;
	reader_query_int(r->query, FUSE_ROOT_ID);
	reader_query_int(r->query, (int64_t)op);
	past_submit(r, false);
}

/* Second column of read_past_instant. */
enum { INSTANT_ASKED, INSTANT_AGE, INSTANT_FIXED };

static void answer_instant(struct past_request *r, const PGresult *res)
{
	uint64_t op = (uint64_t)row_int(res, 0, 0);
	int64_t kind = row_int(res, 0, 1);

	/* What was typed is no instant, or none that is kept. */
	if (PQgetisnull(res, 0, 0)) {
		fuse_reply_err(r->req, ENOENT);
		return;
	}
	if (kind == INSTANT_AGE)
		past_age_keep(r->fs->past, r->name, r->pid, op);
	if (kind == INSTANT_FIXED && !r->timeout)
		r->timeout = PAST_NAME_SECONDS;
	if (!reply_top(r->fs, r->req, op, r->timeout))
		ask_root(past_request_next(r, STMT_READ_PAST_INODE, answer_top), op);
}

static void lookup_instant(fuse_req_t req, const char *name)
{
	struct past_request *r;
	size_t digits = !strncmp(name, "op:", 3) ? strspn(name + 3, "0123456789") : 0;
	const struct fs *fs = fuse_req_userdata(req);
	pid_t pid = fuse_req_ctx(req)->pid;
	uint64_t op;

	if (strlen(name) > NAME_MAX_BYTES) {
		fuse_reply_err(req, ENAMETOOLONG);
		return;
	}
	op = past_age_find(fs->past, name, pid);
	if (op) {
		if (!reply_top(fs, req, op, 0))
			ask_root(past_request_new(req, STMT_READ_PAST_INODE, answer_top), op);
		return;
	}
	r = past_request_new(req, STMT_READ_PAST_INSTANT, answer_instant);
	if (!r)
		return;
	reader_query_bytes(r->query, name, strlen(name));
	snprintf(r->name, sizeof(r->name), "%s", name);
	r->pid = pid;
	/* Others may move, or be snapshots, which can be deleted. */
	r->timeout = digits && !name[3 + digits] ? KERNEL_CACHE_SECONDS : 0;
	past_submit(r, true);
}

void past_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct past_request *r;

	if (!past_is(parent)) {
		reply_magic(req, PAST_DIR);
	} else if (parent == PAST_DIR) {
		if (!strcmp(name, PAST_AT_NAME))
			reply_magic(req, PAST_AT);
		else
			fuse_reply_err(req, ENOENT);
	} else if (parent == PAST_AT) {
		lookup_instant(req, name);
	} else if (strlen(name) > NAME_MAX_BYTES) {
		fuse_reply_err(req, ENAMETOOLONG);
	} else if ((r = past_request_node(req, parent, STMT_READ_PAST_DIRENT, answer_lookup))) {
		if (lookup_kept(r, name))
			return;
		reader_query_bytes(r->query, name, strlen(name));
		past_submit(r, r->caller.uid != 0);
	}
}

void past_getattr(fuse_req_t req, fuse_ino_t node)
{
	struct past_request *r;
	struct stat st;

	if (node == PAST_DIR || node == PAST_AT) {
		magic_stat(fuse_req_userdata(req), node, &st);
		reply_attr(req, &st, timespec_ns(&st.st_ctim));
	} else if ((r = past_request_node(req, node, STMT_READ_PAST_INODE, answer_getattr))) {
		past_submit(r, false);
	}
}

void past_readlink(fuse_req_t req, fuse_ino_t node)
{
	struct past_request *r =
		past_request_node(req, node, STMT_READ_PAST_INODE, answer_readlink);

	if (r)
		past_submit(r, false);
}

void past_open(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi)
{
	struct past_request *r;

	if ((fi->flags & O_ACCMODE) != O_RDONLY || fi->flags & O_TRUNC) {
		fuse_reply_err(req, EROFS);
	} else if ((r = past_request_node(req, node, STMT_READ_PAST_OPEN, answer_open))) {
		r->fi = *fi;
		reader_query_int(r->query, r->caller.uid != 0);
		past_submit(r, r->caller.uid != 0);
	}
}

/* Replies from the bytes that came when the file was opened. False: there are none. */
static bool read_kept(fuse_req_t req, uint64_t node, size_t size, uint64_t off)
{
	struct past *past = ((struct fs *)fuse_req_userdata(req))->past;
	struct past_page page;
	PGresult *res = past_page_take(past, node, off, &page);
	struct bytes bytes;

	if (!res)
		return false;
	bytes = row_bytes(res, 0, PAST_BYTES);
	if (size > bytes.len - off)
		size = (size_t)(bytes.len - off);
	fuse_reply_buf(req, (const char *)bytes.data + off, size);
	if (off + size < bytes.len)
		past_page_put(past, &page, res);
	else
		PQclear(res);
	return true;
}

void past_read(fuse_req_t req, fuse_ino_t node, size_t size, off_t off)
{
	struct past_request *r;

	if (read_kept(req, node, size, (uint64_t)off))
		return;
	r = past_request_node(req, node, STMT_READ_PAST_DATA, answer_read);
	if (!r)
		return;
	r->size = size;
	reader_query_int(r->query, off);
	reader_query_int(r->query, (int64_t)size);
	past_submit(r, false);
}

static void answer_flags(struct past_request *r, const PGresult *res)
{
	struct inode_attr attr = result_attr(res, 0);

	reply_flags(r->req, r->cmd, &attr);
}

void past_ioctl(fuse_req_t req, fuse_ino_t node, unsigned int cmd, size_t in_len, size_t out_len)
{
	struct past_request *r;

	if (node == PAST_DIR || node == PAST_AT || !flags_asked(cmd, out_len)) {
		fuse_reply_err(req, flags_told(cmd, in_len) ? EROFS : ENOTTY);
	} else if ((r = past_request_node(req, node, STMT_READ_PAST_INODE, answer_flags))) {
		r->cmd = cmd;
		past_submit(r, false);
	}
}

void past_lseek(fuse_req_t req, fuse_ino_t node, off_t off, int whence)
{
	struct past_request *r;

	if ((whence != SEEK_DATA && whence != SEEK_HOLE) || off < 0) {
		fuse_reply_err(req, off < 0 ? ENXIO : EINVAL);
	} else if ((r = past_request_node(req, node, STMT_READ_PAST_HOLES, answer_lseek))) {
		r->off = (uint64_t)off;
		r->whence = whence;
		reader_query_int(r->query, (int64_t)block_of(r->off));
		past_submit(r, false);
	}
}
