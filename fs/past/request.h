#pragma once

#include "past/past.h"

/* What the operations on the past share: requests that wait for the database. */

/* Columns of the read_past statements, after those of the inode; then those of a listing, or of one
 * name. */
enum {
	PAST_XATTRS = 13,
	PAST_TARGET = 15,
	PAST_STRICTER,
	PAST_GUARD,
	PAST_OWNER,
	PAST_ENTRY_NAME,
	PAST_COOKIE
};
enum { PAST_ENTRY_INO = PAST_ENTRY_NAME, PAST_BYTES = PAST_ENTRY_NAME };

/*
 * A request that waits for the database. What the present says of permissions counts, so all that
 * was acknowledged is committed first, unless root asks.
 */
struct past_request {
	struct journal_waiter waiter;
	struct fs *fs;
	size_t bytes; /* that it counts for in the budget of what waits */
	fuse_req_t req;
	struct request *request; /* once it waits */
	PGresult *res;           /* the answer, when it has come */
	struct past_caller caller;
	uint64_t node, op;
	struct reader_query *query;
	void (*answer)(struct past_request *r, const PGresult *res);
	/* Of lookup: how long the kernel may keep the entry if the directory allows it, seconds. */
	double timeout;
	/* Of an instant's lookup: the name, and who asks. */
	char name[NAME_MAX_BYTES + 1];
	pid_t pid;
	/* Of read, readdir, getxattr and listxattr. */
	size_t size;
	uint64_t off;
	/* Of readdir: the page is of what comes after this cookie. */
	uint64_t after;
	bool plus;
	/* Of lseek, from off. */
	int whence;
	/* Of ioctl. */
	unsigned int cmd;
	struct fuse_file_info fi;
};

/* A request of its own; past_submit() it. `answer` replies, in whatever thread, and may keep the
 * answer, which is r->res, by setting that to NULL. NULL: it was answered, since too much waits
 * (cache_past). */
struct past_request *past_request_new(
	fuse_req_t req, enum stmt stmt, void (*answer)(struct past_request *, const PGresult *));

/* A request about a node: its inode and op are the first parameters. NULL: it was answered. */
struct past_request *past_request_node(fuse_req_t req, uint64_t node, enum stmt stmt,
	void (*answer)(struct past_request *, const PGresult *));

/* From within an answer: what comes after it, with the same reply, which is then not given here. */
struct past_request *past_request_next(struct past_request *r, enum stmt stmt,
	void (*answer)(struct past_request *, const PGresult *));

/* The same about its node. */
struct past_request *past_request_next_node(struct past_request *r, enum stmt stmt,
	void (*answer)(struct past_request *, const PGresult *));

/* Asks the database; `present`: what it says of now counts, so all is committed first. */
void past_submit(struct past_request *r, bool present);
/* Ends one that was not submitted. */
void past_request_free(struct past_request *r);

/* Whether the caller may do `want` to what the answer's guard is about. */
bool past_request_allowed(const struct past_request *r, const PGresult *res, int want);
/* Whether -o past=owner keeps the version of the first row from the caller. */
bool past_private(const struct past_request *r, const PGresult *res);
bool past_guard_allows(const struct past_caller *caller, struct bytes guard, int want);
/* Whether the inode of the first row may be opened: not a device. */
bool past_openable(const PGresult *res);
/* Attributes of a row, which has columns of an inode, as the kernel may know them: without what
 * grants power. Every struct stat of the past is made here. Returns the time of birth. */
int64_t past_attr(const struct past_request *r, const PGresult *res, int row, struct stat *st);
/* An entry of a row; ino 0 when the row has none. */
struct fuse_entry_param past_entry(struct past_request *r, const PGresult *res, int row);
