#include "state/ranges.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

void ranges_free(struct ranges *r)
{
	free(r->at);
	*r = (struct ranges){0};
}

/* The first range that ends at or after x, or behind the last. */
static size_t seek(const struct ranges *r, uint64_t x)
{
	size_t lo = 0, hi = r->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (r->at[mid].hi < x)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Puts n ranges in the place of those from first to last, exclusive. */
static void replace(struct ranges *r, size_t first, size_t last, const struct range *with, size_t n)
{
	size_t count = r->count - (last - first) + n;

	if (count > r->cap) {
		r->cap = count * 2;
		r->at = xrealloc(r->at, r->cap * sizeof(*r->at));
	}
	if (r->count > last)
		memmove(r->at + first + n, r->at + last, (r->count - last) * sizeof(*r->at));
	for (size_t i = 0; i < n; i++)
		r->at[first + i] = with[i];
	r->count = count;
}

void ranges_add(struct ranges *r, uint64_t lo, uint64_t hi)
{
	size_t first = seek(r, lo), last = first;
	struct range all = {lo, hi};

	if (lo >= hi)
		return;
	for (; last < r->count && r->at[last].lo <= hi; last++) {
		if (r->at[last].lo < all.lo)
			all.lo = r->at[last].lo;
		if (r->at[last].hi > all.hi)
			all.hi = r->at[last].hi;
	}
	replace(r, first, last, &all, 1);
}

void ranges_cut(struct ranges *r, uint64_t lo, uint64_t hi)
{
	size_t first = seek(r, lo), last;
	struct range left[2];
	size_t n = 0;

	if (lo >= hi)
		return;
	if (first < r->count && r->at[first].hi == lo)
		first++; /* it only touches */
	for (last = first; last < r->count && r->at[last].lo < hi; last++) {
		if (r->at[last].lo < lo)
			left[n++] = (struct range){r->at[last].lo, lo};
		if (r->at[last].hi > hi)
			left[n++] = (struct range){hi, r->at[last].hi};
	}
	replace(r, first, last, left, n);
}

uint64_t ranges_count(const struct ranges *r, uint64_t lo, uint64_t hi)
{
	uint64_t n = 0;

	for (size_t i = seek(r, lo); i < r->count && r->at[i].lo < hi; i++) {
		uint64_t from = r->at[i].lo > lo ? r->at[i].lo : lo;
		uint64_t to = r->at[i].hi < hi ? r->at[i].hi : hi;

		n += to - from;
	}
	return n;
}

uint64_t ranges_next_in(const struct ranges *r, uint64_t x)
{
	size_t i = seek(r, x);

	if (i < r->count && r->at[i].hi == x)
		i++;
	if (i == r->count)
		return UINT64_MAX;
	return r->at[i].lo > x ? r->at[i].lo : x;
}

uint64_t ranges_next_out(const struct ranges *r, uint64_t x)
{
	size_t i = seek(r, x);

	return i < r->count && r->at[i].lo <= x ? r->at[i].hi : x;
}
