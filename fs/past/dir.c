#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "past/request.h"

/* Appends an entry to buf; 0 when it does not fit. */
static size_t add_entry(const struct past_request *r, char *buf, size_t room, const char *name,
	const struct fuse_entry_param *e, uint64_t next)
{
	size_t n = r->plus ? fuse_add_direntry_plus(r->req, buf, room, name, e, (off_t)next)
			   : fuse_add_direntry(r->req, buf, room, name, &e->attr, (off_t)next);
	return n > room ? 0 : n;
}

/* . and .. of any directory; the kernel knows their inodes. Returns bytes added to buf. */
static size_t add_dots(const struct past_request *r, char *buf)
{
	struct fuse_entry_param e = {
		.attr = {.st_ino = past_stat_ino(r->fs, r->node), .st_mode = S_IFDIR}};
	size_t len = 0;

	for (uint64_t off = r->off; off < 2; off++)
		len += add_entry(r, buf + len, r->size - len, off ? ".." : ".", &e, off + 1);
	return len;
}

/* The first row with a larger cookie. */
static int seek(const PGresult *res, uint64_t cookie)
{
	int lo = 0, hi = PQntuples(res);

	while (lo < hi) {
		int mid = lo + (hi - lo) / 2;
		if ((uint64_t)row_int(res, mid, PAST_COOKIE) <= cookie)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/*
 * Replies with names of a page. False: all that is left of it was pruned, so that the reply is to
 * come from the next page.
 */
static bool list_page(struct past_request *r, const struct past_page *page, const PGresult *res)
{
	int n = PQntuples(res);
	size_t len, added = 1;
	char *buf;

	if (past_private(r, res) || !past_request_allowed(r, res, R_OK)) {
		fuse_reply_err(r->req, EACCES);
		return true;
	}
	buf = xcalloc(1, r->size);
	len = add_dots(r, buf);
	for (int row = seek(res, r->off); added && row < n; row++) {
		struct fuse_entry_param e;
		char name[NAME_MAX_BYTES + 1] = "";

		/* An empty directory, or what was pruned by itself. */
		if (PQgetisnull(res, row, 0))
			continue;
		e = past_entry(r, res, row);

		memcpy(name, PQgetvalue(res, row, PAST_ENTRY_NAME),
			(size_t)PQgetlength(res, row, PAST_ENTRY_NAME));
		added = add_entry(r, buf + len, r->size - len, name, &e,
			(uint64_t)row_int(res, row, PAST_COOKIE));
		len += added;
	}
	if (len || page->upto == UINT64_MAX)
		fuse_reply_buf(r->req, buf, len);
	free(buf);
	return len || page->upto == UINT64_MAX;
}

/* .thule/at: the snapshots in the order of their names; what comes after `.` and `..` is a place.
 */
#define NAMES_BEGIN (COOKIE_MIN - 1)

static uint64_t names_after(uint64_t cookie)
{
	return cookie > NAMES_BEGIN ? cookie : NAMES_BEGIN;
}

static void list_names(struct past_request *r, const struct past_page *page, const PGresult *res)
{
	char *buf = xcalloc(1, r->size);
	uint64_t begin = names_after(page->after);
	size_t len = add_dots(r, buf), added = 1;

	for (int row = (int)(names_after(r->off) - begin); added && row < PQntuples(res); row++) {
		uint64_t node = past_node(r->fs->past, (uint64_t)row_int(res, row, 1), 1);
		struct fuse_entry_param e = {
			.attr = {.st_ino = past_stat_ino(r->fs, node), .st_mode = S_IFDIR}};
		char name[NAME_MAX_BYTES + 1] = "";

		memcpy(name, PQgetvalue(res, row, 0), (size_t)PQgetlength(res, row, 0));
		added = add_entry(r, buf + len, r->size - len, name, &e, begin + (uint64_t)row + 1);
		len += added;
	}
	fuse_reply_buf(r->req, buf, len);
	free(buf);
}

/* Asks for the names after a cookie. */
static void ask_page(struct past_request *r, uint64_t after)
{
	r->after = after;
	if (r->node == PAST_AT)
		after = names_after(after) - NAMES_BEGIN;
	reader_query_int(r->query, (int64_t)after);
	past_submit(r, r->node != PAST_AT && r->caller.uid != 0);
}

static struct past_page page_of(const struct past_request *r, const PGresult *res)
{
	struct past_page page = {
		.node = r->node, .after = r->after, .upto = UINT64_MAX, .read = clock_mono_ns()};
	int n = PQntuples(res);

	if (n == PAST_PAGE_ROWS)
		page.upto = r->node == PAST_AT ? names_after(r->after) + (uint64_t)n
					       : (uint64_t)row_int(res, n - 1, PAST_COOKIE);
	return page;
}

/* Keeps the answer for the buffers that follow. */
static void keep_page(struct past_request *r, const struct past_page *page)
{
	past_page_put(r->fs->past, page, r->res);
	r->res = NULL;
}

static void answer_names(struct past_request *r, const PGresult *res)
{
	struct past_page page = page_of(r, res);

	list_names(r, &page, res);
	keep_page(r, &page);
}

static void answer_dir(struct past_request *r, const PGresult *res)
{
	struct past_page page = page_of(r, res);
	bool replied = list_page(r, &page, res);

	keep_page(r, &page);
	if (!replied)
		ask_page(past_request_next_node(r, STMT_READ_PAST_DIR, answer_dir), page.upto);
}

/* Replies from a page that was just read. False: there is none, or not with what is to come. */
static bool list_kept(struct past_request *r)
{
	struct past_page page;
	PGresult *res = r->off ? past_page_take(r->fs->past, r->node, r->off, &page) : NULL;
	bool replied = true;

	if (!res)
		return false;
	if (r->node == PAST_AT)
		list_names(r, &page, res);
	else
		replied = list_page(r, &page, res);
	past_page_put(r->fs->past, &page, res);
	if (replied)
		past_request_free(r);
	else
		r->off = page.upto;
	return replied;
}

static void read_magic(fuse_req_t req, size_t size, uint64_t off, bool plus)
{
	struct past_request r = {.fs = fuse_req_userdata(req),
		.req = req,
		.node = PAST_DIR,
		.size = size,
		.off = off,
		.plus = plus};
	struct fuse_entry_param e = {
		.attr = {.st_ino = past_stat_ino(r.fs, PAST_AT), .st_mode = S_IFDIR}};
	char *buf = xcalloc(1, size);
	size_t len = add_dots(&r, buf);

	if (off < 3)
		len += add_entry(&r, buf + len, size - len, PAST_AT_NAME, &e, 3);
	fuse_reply_buf(req, buf, len);
	free(buf);
}

void past_readdir(fuse_req_t req, fuse_ino_t node, size_t size, off_t off, bool plus)
{
	struct past_request *r;

	if (node == PAST_DIR) {
		read_magic(req, size, (uint64_t)off, plus);
		return;
	}
	r = node == PAST_AT ? past_request_new(req, STMT_READ_PAST_NAMES, answer_names)
			    : past_request_node(req, node, STMT_READ_PAST_DIR, answer_dir);
	if (!r)
		return;
	r->node = node;
	r->size = size;
	r->off = (uint64_t)off;
	r->plus = plus;
	if (!list_kept(r))
		ask_page(r, r->off);
}
