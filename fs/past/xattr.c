#include <errno.h>
#include <linux/xattr.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "op/xattr.h"
#include "past/request.h"

/* Columns of read_past_xattrs. */
enum { XATTR_GUARD, XATTR_NAME, XATTR_VALUE };

/*
 * Attributes by which the kernel gives power to who runs a file: capabilities, and the labels of
 * security modules that decide what a program becomes. Those of the past are for `thule stat`,
 * `thule tar` and SQL.
 */
static bool grants_power(const char *name, size_t len)
{
	static const char *const names[] = {
		XATTR_NAME_CAPS, XATTR_NAME_SELINUX, XATTR_NAME_SMACKEXEC};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == len && !memcmp(names[i], name, len))
			return true;
	return false;
}

static void answer_getxattr(struct past_request *r, const PGresult *res)
{
	struct bytes name, value;

	if (PQgetisnull(res, 0, XATTR_NAME)) {
		fuse_reply_err(r->req, ENODATA);
		return;
	}
	name = row_bytes(res, 0, XATTR_NAME);
	value = row_bytes(res, 0, XATTR_VALUE);
	/* Those of users are read by who may read the file; the kernel itself asks for the others.
	 */
	if (name.len > XATTR_USER_PREFIX_LEN &&
		!memcmp(name.data, XATTR_USER_PREFIX, XATTR_USER_PREFIX_LEN) &&
		!past_guard_allows(&r->caller, row_bytes(res, 0, XATTR_GUARD), R_OK))
		fuse_reply_err(r->req, EACCES);
	else
		reply_xattr(r->req, value.data, value.len, r->size);
}

static void answer_listxattr(struct past_request *r, const PGresult *res)
{
	struct buf list = {0};

	for (int row = 0; row < PQntuples(res); row++) {
		struct bytes name = row_bytes(res, row, XATTR_NAME);
		if (name.len == 0 || grants_power(name.data, name.len) ||
			!xattr_listed(name, r->caller.uid))
			continue;
		buf_add(&list, name.data, name.len);
		buf_add(&list, "", 1);
	}
	reply_xattr(r->req, list.data, list.len, r->size);
	buf_free(&list);
}

static void ask(fuse_req_t req, uint64_t node, const char *name, size_t size,
	void (*answer)(struct past_request *, const PGresult *))
{
	struct past_request *r = past_request_node(req, node, STMT_READ_PAST_XATTRS, answer);

	if (!r)
		return;
	r->size = size;
	reader_query_bytes(r->query, name, strlen(name));
	past_submit(r, r->caller.uid != 0);
}

void past_getxattr(fuse_req_t req, fuse_ino_t node, const char *name, size_t size)
{
	const struct fs *fs = fuse_req_userdata(req);
	uint64_t at = past_op(fs->past, node);
	char op[24];

	if (at && !strcmp(name, PAST_OP_XATTR)) {
		snprintf(op, sizeof(op), "op:%llu", (unsigned long long)at);
		reply_xattr(req, op, strlen(op), size);
	} else if (fs->config.at_op && past_ino(node) == FUSE_ROOT_ID &&
		   !strcmp(name, PAST_XATTR)) {
		snprintf(op, sizeof(op), "op:%llu", (unsigned long long)fs->config.at_op);
		reply_xattr(req, op, strlen(op), size);
	} else if (node == PAST_DIR || node == PAST_AT || past_is_plain(fs->past, node) ||
		   grants_power(name, strlen(name))) {
		fuse_reply_err(req, ENODATA);
	} else {
		ask(req, node, name, size, answer_getxattr);
	}
}

void past_listxattr(fuse_req_t req, fuse_ino_t node, size_t size)
{
	const struct fs *fs = fuse_req_userdata(req);

	if (node == PAST_DIR || node == PAST_AT || past_is_plain(fs->past, node))
		reply_xattr(req, NULL, 0, size);
	else
		ask(req, node, "", size, answer_listxattr);
}
