#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "op/call.h"
#include "op/layout.h"
#include "op/need.h"

/*
 * Where the bytes of a file are in the database. The answer is not kept: it is given to
 * the request that was suspended for it, for its next run, and is asked for again if something has
 * changed meanwhile.
 */
struct layout {
	struct request *request;
	enum stmt stmt;
	uint64_t ino, off, end;
	uint64_t committed; /* last committed op when it was asked */
	uint64_t evictions;
	PGresult *res;
};

static void layout_free(void *arg)
{
	struct layout *l = arg;

	PQclear(l->res);
	free(l);
}

static void layout_done(struct reader_query *q, PGresult *res, const struct error *err)
{
	struct layout *l = q->arg;
	struct request *r = l->request;

	free(q);
	if (err)
		log_error("%s", err->text);
	l->res = res;
	request_give(r, l, layout_free);
	request_wake(r, err ? error_to_errno(err) : 0);
}

/* Bytes may have left the state for the database since, or the inode with them: then the answer may
 * lack them. */
static bool is_current(const struct fs *fs, const struct layout *l, const struct inode *inode)
{
	return inode->dropped_op <= l->committed &&
	       (inode->opens || fs->state.evictions == l->evictions);
}

int need_layout(struct call *c, struct inode *inode, enum stmt stmt, uint64_t off, uint64_t *end,
	const PGresult **res)
{
	struct fs *fs = c->fs;
	struct layout *l = request_given();
	struct reader_query *q;

	if (request_error())
		return request_error();
	if (l && l->stmt == stmt && l->ino == inode->ino && l->off == off &&
		is_current(fs, l, inode)) {
		*res = l->res;
		if (l->end < *end)
			*end = l->end;
		return 0;
	}
	l = xcalloc(1, sizeof(*l));
	*l = (struct layout){.stmt = stmt,
		.ino = inode->ino,
		.off = off,
		.end = *end,
		.committed = journal_committed(fs->journal),
		.evictions = fs->state.evictions};
	l->request = request_suspend(c->req, WAIT_LAYOUT);
	q = reader_query_new(stmt, layout_done, l);
	reader_query_int(q, (int64_t)inode->ino);
	reader_query_int(q, (int64_t)off);
	if (stmt == STMT_READ_EXTENTS)
		reader_query_int(q, (int64_t)*end);
	/* One more row than is used says that there is more. */
	reader_query_int(q, stmt == STMT_READ_EXTENTS ? LAYOUT_EXTENTS + 1 : LAYOUT_HOLES);
	reader_submit(fs->reader, q);
	return CALL_SUSPENDED;
}

int need_count(struct call *c, struct inode *inode, uint64_t off, uint64_t end, uint64_t *bytes)
{
	struct ranges data = {0};
	const PGresult *res;
	int rc;

	*bytes = 0;
	/* Without holes, it is all; of a copy, only the database will know. */
	if (inode->attr.allocated >= inode->attr.size || pending_shared(inode, off, end - off) ||
		request_waits() > WAITS_MAX)
		return 0;
	if (off < inode->base_end) {
		rc = need_layout(c, inode, STMT_READ_EXTENTS, off, &end, &res);
		if (rc)
			return rc;
		for (int row = 0; row < PQntuples(res); row++) {
			uint64_t lo = (uint64_t)row_int(res, row, 0);
			ranges_add(&data, lo, lo + (uint64_t)row_int(res, row, 1));
		}
	}
	pending_ranges(inode, &data);
	*bytes = ranges_count(&data, off, end);
	ranges_free(&data);
	return 0;
}

uint64_t layout_ranges(const PGresult *res, uint64_t off, int limit, struct ranges *data)
{
	uint64_t begin = off;
	int holes = 0;

	for (int row = 0; row < PQntuples(res); row++) {
		uint64_t lo = (uint64_t)row_int(res, row, 0);

		if (PQgetisnull(res, row, 0))
			continue;
		if (PQgetisnull(res, row, 1)) {
			if (holes < limit)
				ranges_add(data, begin, lo);
			continue;
		}
		ranges_add(data, begin, lo);
		begin = (uint64_t)row_int(res, row, 1);
		holes++;
	}
	return holes < limit ? UINT64_MAX : begin;
}

int layout_seek(const struct ranges *data, uint64_t size, int whence, uint64_t off, uint64_t *at)
{
	struct ranges blocks = {0};

	for (size_t i = 0; i < data->count; i++)
		ranges_add(&blocks, block_of(data->at[i].lo), block_of(data->at[i].hi + 4095));
	*at = whence == SEEK_DATA ? ranges_next_in(&blocks, off) : ranges_next_out(&blocks, off);
	ranges_free(&blocks);
	if (*at < size)
		return 0;
	*at = size;
	return whence == SEEK_DATA ? ENXIO : 0;
}
