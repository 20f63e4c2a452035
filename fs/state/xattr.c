#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/buf.h"
#include "state/state.h"

/* What malloc(3) and the list add to each, about. */
#define OVERHEAD 32

/* Where the one with that name hangs, or where the next would. */
static struct xattr **find_link(struct inode *inode, struct bytes name)
{
	struct xattr **link = &inode->xattrs;

	while (*link &&
		((*link)->name_len != name.len || memcmp((*link)->name, name.data, name.len) != 0))
		link = &(*link)->next;
	return link;
}

bool xattrs_known(const struct inode *inode)
{
	return inode->xattrs_known || inode->attr.xattrs == 0;
}

struct xattr *xattr_find(struct inode *inode, struct bytes name)
{
	struct xattr *x = *find_link(inode, name);

	if (x)
		x->used = inode->xattrs_used = true;
	return x;
}

/* Whether its value can go alone. Access lists are small but for odd ones, and are asked for often.
 */
static bool goes_alone(const struct xattr *x)
{
	static const char system[] = "system.";
	size_t n = sizeof(system) - 1;

	return x->value_len > XATTR_INLINE_MAX &&
	       (x->name_len < n || memcmp(x->name, system, n) != 0);
}

static void drop_value(struct state *s, struct xattr *x)
{
	if (!x->value)
		return;
	if (goes_alone(x)) {
		DL_DELETE2(s->values, x, older, newer);
		s->value_count--;
	}
	s->attributes.used -= x->value_len + OVERHEAD;
	free(x->value);
	x->value = NULL;
}

static void take_value(struct state *s, struct xattr *x, struct bytes value)
{
	if (!value.len)
		return;
	x->value = xmemdup(value.data, value.len);
	s->attributes.used += value.len + OVERHEAD;
	if (goes_alone(x)) {
		DL_APPEND2(s->values, x, older, newer);
		s->value_count++;
	}
}

static void free_xattr(struct state *s, struct xattr *x)
{
	drop_value(s, x);
	s->attributes.used -= sizeof(*x) + x->name_len + OVERHEAD;
	free(x);
}

/* The one with that name, which has no value yet. */
static struct xattr *add(struct state *s, struct inode *inode, struct bytes name)
{
	struct xattr **link, *x = xcalloc(1, sizeof(*x) + name.len);

	if (!inode->xattrs) {
		DL_APPEND2(s->with_xattrs, inode, xattrs_older, xattrs_newer);
		s->with_xattrs_count++;
	}
	link = find_link(inode, name);
	if (*link) {
		x->next = (*link)->next;
		free_xattr(s, *link);
	}
	*link = x;
	x->name_len = name.len;
	memcpy(x->name, name.data, name.len);
	x->used = inode->xattrs_used = true;
	s->attributes.used += sizeof(*x) + name.len + OVERHEAD;
	return x;
}

void xattr_set(
	struct state *s, struct inode *inode, struct bytes name, struct bytes value, uint64_t op)
{
	struct xattr *x = add(s, inode, name);

	x->op = op;
	x->value_len = value.len;
	take_value(s, x, value);
}

void xattr_note(struct state *s, struct inode *inode, struct bytes name, uint32_t value_len)
{
	add(s, inode, name)->value_len = value_len;
}

bool xattr_fill(struct state *s, struct xattr *x, struct bytes value)
{
	if (value.len != x->value_len)
		return false;
	if (!x->value)
		take_value(s, x, value);
	x->used = true;
	return true;
}

/* The inode has none any more in memory. */
static void delist(struct state *s, struct inode *inode)
{
	DL_DELETE2(s->with_xattrs, inode, xattrs_older, xattrs_newer);
	s->with_xattrs_count--;
}

void xattr_drop(struct state *s, struct inode *inode, struct bytes name)
{
	struct xattr **link = find_link(inode, name), *old = *link;

	if (!old)
		return;
	*link = old->next;
	free_xattr(s, old);
	if (!inode->xattrs)
		delist(s, inode);
}

void xattrs_forget(struct state *s, struct inode *inode)
{
	if (inode->xattrs)
		delist(s, inode);
	while (inode->xattrs) {
		struct xattr *next = inode->xattrs->next;
		/* An answer that is on its way may be older than what is forgotten. */
		s->xattr_evictions += inode->xattrs->op != 0;
		free_xattr(s, inode->xattrs);
		inode->xattrs = next;
	}
	inode->xattrs_known = false;
}

/* Goes twice around at most: what has been used since the last time is let go when nothing else is.
 */
static void evict_values(struct state *s, uint64_t committed, uint64_t keep)
{
	for (size_t look = 2 * s->value_count; look && s->attributes.used > keep && s->values;
		look--) {
		struct xattr *x = s->values;

		if (x->op <= committed && !x->used) {
			s->xattr_evictions += x->op != 0;
			drop_value(s, x);
			continue;
		}
		x->used = false;
		DL_DELETE2(s->values, x, older, newer);
		DL_APPEND2(s->values, x, older, newer);
	}
}

static void evict_lists(struct state *s, uint64_t committed, uint64_t keep)
{
	for (size_t look = 2 * s->with_xattrs_count;
		look && s->attributes.used > keep && s->with_xattrs; look--) {
		struct inode *inode = s->with_xattrs;

		if (inode->dirty_op <= committed && !inode->xattrs_used) {
			xattrs_forget(s, inode);
			continue;
		}
		inode->xattrs_used = false;
		DL_DELETE2(s->with_xattrs, inode, xattrs_older, xattrs_newer);
		DL_APPEND2(s->with_xattrs, inode, xattrs_older, xattrs_newer);
	}
}

void xattrs_evict(struct state *s, uint64_t committed)
{
	uint64_t limit = s->attributes.limit;

	if (s->attributes.used <= limit)
		return;
	/* When nothing could go, it is not looked for again before that may have changed. */
	if (committed == s->xattrs_stuck_at && s->attributes.used <= s->xattrs_stuck)
		return;
	evict_values(s, committed, limit - limit / 8);
	evict_lists(s, committed, limit - limit / 8);
	s->xattrs_stuck_at = committed;
	s->xattrs_stuck = s->attributes.used + limit / 8;
}
