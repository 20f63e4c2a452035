#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "state/state.h"

void pending_add(struct inode *inode, struct pending p)
{
	size_t end = inode->pending_head + inode->pending_count;

	if (end == inode->pending_cap) {
		/* What was dropped from the front makes room before the array grows. */
		if (inode->pending_head > inode->pending_cap / 2) {
			memmove(inode->pending, inode->pending + inode->pending_head,
				inode->pending_count * sizeof(p));
			inode->pending_head = 0;
			end = inode->pending_count;
		} else {
			inode->pending_cap = inode->pending_cap ? inode->pending_cap * 2 : 4;
			inode->pending = xrealloc(inode->pending, inode->pending_cap * sizeof(p));
		}
	}
	inode->pending[end] = p;
	inode->pending_count++;
	chunks_forget(inode, p.off, p.off + p.len);
	/* What the database still has beyond a cut of the end no longer counts. */
	if (p.kind == PENDING_CUT && p.off < inode->base_end && p.off + p.len >= inode->base_end)
		inode->base_end = p.off;
}

void pending_drop(struct inode *inode, uint64_t committed)
{
	while (inode->pending_count) {
		const struct pending *p = &inode->pending[inode->pending_head];
		if (p->op > committed)
			return;
		if (p->kind != PENDING_CUT && p->off + p->len > inode->base_end)
			inode->base_end = p->off + p->len;
		inode->dropped_op = p->op;
		inode->pending_head++;
		inode->pending_count--;
	}
	free(inode->pending);
	inode->pending = NULL;
	inode->pending_head = inode->pending_cap = 0;
}

static const struct pending *first(const struct inode *inode)
{
	return inode->pending + inode->pending_head;
}

static bool overlaps(const struct pending *p, uint64_t off, uint64_t len)
{
	return len && p->off < off + len && p->off + p->len > off;
}

bool pending_shared(const struct inode *inode, uint64_t off, uint64_t len)
{
	for (size_t i = 0; i < inode->pending_count; i++)
		if (first(inode)[i].kind == PENDING_SHARE && overlaps(first(inode) + i, off, len))
			return true;
	return false;
}

uint64_t pending_first(const struct inode *inode, uint64_t off, uint64_t len)
{
	uint64_t lowest = off + len;

	for (size_t i = 0; i < inode->pending_count; i++) {
		const struct pending *p = first(inode) + i;

		if (overlaps(p, off, len) && p->off < lowest)
			lowest = p->off > off ? p->off : off;
	}
	return lowest;
}

bool pending_needs_base(const struct inode *inode, uint64_t off, uint64_t len)
{
	uint64_t end = off + len < inode->base_end ? off + len : inode->base_end;

	if (off >= end)
		return false;
	for (size_t i = 0; i < inode->pending_count; i++) {
		const struct pending *p = first(inode) + i;
		if (p->off <= off && p->off + p->len >= end)
			return false;
	}
	return true;
}

void pending_overlay(const struct inode *inode, char *buf, uint64_t off, uint64_t len)
{
	uint64_t end = off + len;

	for (size_t i = 0; i < inode->pending_count; i++) {
		const struct pending *p = first(inode) + i;
		uint64_t lo = p->off > off ? p->off : off;
		uint64_t hi = p->off + p->len < end ? p->off + p->len : end;

		if (lo >= hi)
			continue;
		if (p->kind == PENDING_WRITE)
			memcpy(buf + (lo - off), p->data + (lo - p->off), hi - lo);
		else if (p->kind == PENDING_CUT)
			memset(buf + (lo - off), 0, hi - lo);
	}
}

void pending_ranges(const struct inode *inode, struct ranges *data)
{
	for (size_t i = 0; i < inode->pending_count; i++) {
		const struct pending *p = first(inode) + i;

		if (p->kind == PENDING_WRITE)
			ranges_add(data, p->off, p->off + p->len);
		else if (p->kind == PENDING_CUT)
			ranges_cut(data, p->off, p->off + p->len);
	}
}
