#include "state/state.h"

static bool has_number(const void *item, const void *key)
{
	return ((const struct inode *)item)->ino == *(const uint64_t *)key;
}

struct inode *inode_peek(const struct state *s, uint64_t ino)
{
	return table_find(&s->inodes, inode_hash(ino), has_number, &ino);
}

struct inode *inode_find(struct state *s, uint64_t ino)
{
	struct inode *inode = inode_peek(s, ino);

	if (inode)
		inode->used = true;
	return inode;
}
