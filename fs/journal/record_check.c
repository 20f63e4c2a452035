#include <string.h>

#include "base/limits.h"
#include "journal/record.h"

/* Times, in microseconds, that a column of the database can have, and then some. */
#define AT_MAX (INT64_MAX / 2)

/* What the database has for 64 bits is signed. */
static bool is_number(uint64_t n)
{
	return n <= INT64_MAX;
}

static bool is_range(uint64_t off, uint64_t len)
{
	return is_number(off) && len <= INT64_MAX - off;
}

static bool is_inode(const struct change *e)
{
	const struct inode_attr *a = &e->inode.attr;

	return is_number(a->ino) && is_number(a->size) && is_number(a->allocated) &&
	       a->mode <= 0177777 && a->nlink <= LINKS_MAX && a->flags <= INT32_MAX &&
	       a->xattrs <= INT32_MAX && e->inode.target.len <= TARGET_MAX_BYTES;
}

static bool are_shares(struct bytes pieces)
{
	struct share s;

	if (pieces.len % sizeof(s))
		return false;
	for (uint32_t at = 0; at < pieces.len; at += sizeof(s)) {
		memcpy(&s, (const char *)pieces.data + at, sizeof(s));
		if (!is_range(s.off, s.len) || !is_number(s.blob) || s.len > EXTENT_MAX ||
			s.blob_off > EXTENT_MAX)
			return false;
	}
	return true;
}

static bool is_change(const struct change *e)
{
	switch (e->type) {
	case CHANGE_ACTOR:
		return is_number(e->actor.id) && is_number(e->actor.start_time);
	case CHANGE_INODE:
		return is_inode(e);
	case CHANGE_INODE_GONE:
		return is_number(e->gone);
	case CHANGE_DIRENT:
	case CHANGE_DIRENT_GONE:
		return is_number(e->dirent.parent) && is_number(e->dirent.ino) &&
		       is_number(e->dirent.cookie) && e->dirent.name.len > 0 &&
		       e->dirent.name.len <= NAME_MAX_BYTES;
	case CHANGE_EXTENT:
		return is_number(e->extent.ino) && is_range(e->extent.off, e->extent.data.len);
	case CHANGE_CUT:
		return is_number(e->extent.ino) && is_range(e->extent.off, e->extent.len);
	case CHANGE_SHARE:
		return is_number(e->extent.ino) && are_shares(e->extent.data);
	case CHANGE_XATTR:
	case CHANGE_XATTR_GONE:
		return is_number(e->xattr.ino) && e->xattr.name.len > 0 &&
		       e->xattr.name.len <= XATTR_NAME_MAX_BYTES &&
		       e->xattr.value.len <= XATTR_VALUE_MAX_BYTES;
	case CHANGE_ATIME:
		return is_number(e->atime.ino);
	}
	return false;
}

bool record_is_possible(const struct record *r)
{
	if (r->kind > OP_KIND_MAX || !is_number(r->op) || !is_number(r->actor) ||
		!is_number(r->ino) || !is_number(r->parent) || !is_number(r->new_parent) ||
		r->at < -AT_MAX || r->at > AT_MAX)
		return false;
	for (unsigned int i = 0; i < r->change_count; i++)
		if (!is_change(&r->changes[i]))
			return false;
	return true;
}
