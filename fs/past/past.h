#pragma once

#include "base/budget.h"
#include "base/node.h"
#include "fs.h"

/*
 * The past in the mount: .thule/at/T, and all of a mount with -o at=T.
 *
 * A node of the past is a number of its own: PAST_BIT, which no inode number has, then the number
 * of the instant in a table that lives as long as the daemon, then the inode number. So a node says
 * what it is, and hardly anything else is remembered of it (known.h): a request asks the database,
 * which the kernel's caches make seldom.
 *
 * Who may read it: those who could then, which the kernel checks (default_permissions) by the
 * attributes of then, and who can now, which is checked here (guard.c). With -o past=owner,
 * what is gone and versions that ended are for their owner and root alone
 * (thule_internal.past_owner).
 */
#define PAST_DIR (PAST_BIT | 1) /* .thule */
#define PAST_AT  (PAST_BIT | 2) /* .thule/at */
/* An extended attribute that the root of a mount of the past has, and does not list: op:N. */
#define PAST_XATTR "system.thule.at"

/* The number that stat(2) and readdir(3) say: PAST_STAT_BIT, and more. */
uint64_t past_stat_ino(const struct fs *fs, uint64_t node);

/* What the log says of a question that took longer than -o past_timeout. */
#define PAST_TIMEOUT_ADVICE                                                                        \
	"mount with a larger past_timeout, or ask with `thule` or SQL, where no limit is set"

/*
 * Bytes that reading the past may take in memory (-o cache_past, config.c has the default): a half
 * for the table of instants, a quarter for pages of listings, a quarter for questions that wait. Of
 * the first two the least recently used are forgotten: a page is asked for again, and a node of a
 * forgotten instant is ESTALE, which the kernel answers by looking up the path anew. A question
 * beyond the third is refused with ENOMEM.
 */
#define PAST_CACHE_DEFAULT (UINT64_C(64) << 20)

struct past *past_new(uint64_t memory);
void past_free(struct past *past);
/* The numbers of instants outlive the daemon: instants_keep(). Before any is given out. */
void past_keep(struct past *past, uint64_t *kept, size_t count);

#define PAST_BUDGETS 3
/* Returns how many budgets it has put into `out`. Any thread. */
size_t past_budgets(struct past *past, struct budget out[PAST_BUDGETS]);

/* Counts a question that waits. False: there is no room for it. */
bool past_wait_begin(struct past *past, size_t bytes);
void past_wait_end(struct past *past, size_t bytes);

/* The node of an inode as of an op; 0 when the numbers do not fit. Any thread. */
uint64_t past_node(struct past *past, uint64_t op, uint64_t ino);
/* The op of a node; 0 for those that have none (.thule and .thule/at), were never
 * given out, or are of an instant that was forgotten. */
uint64_t past_op(struct past *past, uint64_t node);

/*
 * What an age (`10min`) means, which moves with every op: one instant to all for five seconds, and
 * to a process as long as it uses it without a pause of five seconds, up to a minute. So what looks
 * at a name twice, as cp(1) does, finds one file. `pid` is the caller's. 0: it is to be asked anew.
 */
uint64_t past_age_find(struct past *past, const char *name, pid_t pid);
void past_age_keep(struct past *past, const char *name, pid_t pid, uint64_t op);
/* That op is not kept any more. */
void past_age_drop(struct past *past, uint64_t op);

/* The attributes of the root as of an op, if they were read in the last second. Any thread. */
bool past_top_find(struct past *past, uint64_t op, struct stat *st);
void past_top_keep(struct past *past, uint64_t op, const struct stat *st);

/* Whether a node is known to have no extended attributes. Any thread. */
bool past_is_plain(struct past *past, uint64_t node);
void past_plain_keep(struct past *past, uint64_t node);

/*
 * A page of a directory that is being read: the names after cookie `after` up to and with `upto`,
 * which is UINT64_MAX for the last page; or the bytes of a small file that was opened, up to
 * `upto`. Pages are kept for two seconds, so that one is not asked for again with every buffer of
 * it.
 */
struct past_page {
	uint64_t node, after, upto;
	int64_t read; /* CLOCK_MONOTONIC, when it was asked for */
};

/* How many rows read_past_dir and read_past_names answer with at most. */
#define PAST_PAGE_ROWS 500

/* Takes out the page with what comes after `off`, NULL when it is not there; put it back, or a new
 * one in, with past_page_put(), to which the answer then belongs. */
PGresult *past_page_take(struct past *past, uint64_t node, uint64_t off, struct past_page *page);
void past_page_put(struct past *past, const struct past_page *page, PGresult *res);

/* Takes out a page of the directory that has the name, in *row, and may be used for
 * PAST_NAME_SECONDS from page->read on; NULL when there is none. Put it back. */
PGresult *past_page_find(
	struct past *past, uint64_t node, const char *name, struct past_page *page, int *row);

/* How long, in seconds, a name is good for that could mean something else later, or be closed to
 * some. */
#define PAST_NAME_SECONDS 1

/* Who asks. Groups are those of the process, with gid in front. */
struct past_caller {
	uid_t uid;
	size_t group_count;
	gid_t *groups;
	bool mode_only; /* access lists do not count: -o noacl */
};

void past_caller_get(struct past_caller *c, fuse_req_t req);
void past_caller_release(struct past_caller *c);

/*
 * True when the caller may do `want` (R_OK, X_OK) to an inode as it is now and reach it through its
 * directories; `guard` is what thule_internal.guard says. "", when it does not know, is for root
 * alone.
 */
bool past_allowed(const struct past_caller *c, const char *guard, int want);

/* The operations; any of them may be asked of a node of the past, or of the root for PAST_NAME. */
void past_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void past_getattr(fuse_req_t req, fuse_ino_t node);
void past_readlink(fuse_req_t req, fuse_ino_t node);
void past_open(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi);
void past_read(fuse_req_t req, fuse_ino_t node, size_t size, off_t off);
void past_getxattr(fuse_req_t req, fuse_ino_t node, const char *name, size_t size);
void past_listxattr(fuse_req_t req, fuse_ino_t node, size_t size);
void past_ioctl(fuse_req_t req, fuse_ino_t node, unsigned int cmd, size_t in_len, size_t out_len);
void past_lseek(fuse_req_t req, fuse_ino_t node, off_t off, int whence);
void past_readdir(fuse_req_t req, fuse_ino_t node, size_t size, off_t off, bool plus);
