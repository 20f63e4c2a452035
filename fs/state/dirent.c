#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "state/state.h"

struct key {
	uint64_t parent;
	struct bytes name;
};

static uint32_t hash_of(uint64_t parent, struct bytes name)
{
	uint64_t hash = hash_bytes(0, &parent, sizeof(parent));

	return hash_end(hash_bytes(hash, name.data, name.len));
}

static uint32_t hash_of_node(const struct dirent_node *d)
{
	return hash_of(d->parent, (struct bytes){d->name, d->name_len});
}

static bool has_key(const void *item, const void *sought)
{
	const struct dirent_node *d = item;
	const struct key *key = sought;

	return d->parent == key->parent && d->name_len == key->name.len &&
	       memcmp(d->name, key->name.data, d->name_len) == 0;
}

struct dirent_node *dirent_find(struct state *s, uint64_t parent, struct bytes name)
{
	const struct key key = {parent, name};
	struct dirent_node *d = table_find(&s->dirents, hash_of(parent, name), has_key, &key);

	if (d)
		d->used = true;
	return d;
}

size_t dir_seek(const struct dir_index *index, uint64_t cookie)
{
	size_t lo = 0, hi = index->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (index->slots[mid].cookie <= cookie)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

uint64_t dir_next(const struct dir_index *index)
{
	return index->from == 0 && index->upto != UINT64_MAX ? index->upto : 0;
}

void dir_expect(struct dir_index *index, size_t names)
{
	if (index->cap || !names)
		return;
	index->cap = names;
	index->slots = xcalloc(names, sizeof(*index->slots));
}

bool dir_has(const struct dir_index *index, uint64_t cookie)
{
	size_t at = dir_seek(index, cookie);

	return at > 0 && index->slots[at - 1].cookie == cookie && index->slots[at - 1].node;
}

void dir_known(struct dir_index *index, uint64_t from, uint64_t upto)
{
	bool next = from >= index->from && from <= index->upto;

	if (!next)
		index->from = from;
	if (!next || upto > index->upto)
		index->upto = upto;
	index->complete = index->from == 0 && index->upto == UINT64_MAX;
}

void dir_unknown(struct dir_index *index)
{
	index->complete = false;
	index->from = index->upto = 0;
}

/* A listing goes upwards: what is above a name that is let go stays known. */
static void index_forget(struct dir_index *index, uint64_t cookie)
{
	index->complete = false;
	if (cookie > index->from && cookie <= index->upto)
		index->from = cookie;
}

static void index_compact(struct dir_index *index)
{
	size_t n = 0;

	for (size_t i = 0; i < index->count; i++)
		if (index->slots[i].node)
			index->slots[n++] = index->slots[i];
	index->count = n;
}

static void index_remove(struct dir_index *index, struct dirent_node *d)
{
	size_t i = dir_seek(index, d->cookie - 1);

	assert(i < index->count && index->slots[i].node == d);
	index->slots[i].node = NULL;
	index->live--;
	if (index->count > 64 && index->live < index->count / 2)
		index_compact(index);
}

/* New names have the largest cookies, so they go to the end; an exchange keeps its place. */
static void index_insert(struct dir_index *index, struct dirent_node *d)
{
	size_t at = dir_seek(index, d->cookie);

	index->live++;
	/* A name that was evicted comes back to its old place. */
	if (at > 0 && index->slots[at - 1].cookie == d->cookie) {
		assert(!index->slots[at - 1].node);
		index->slots[at - 1].node = d;
		return;
	}
	if (index->count == index->cap) {
		index->cap = index->cap ? index->cap * 2 : 8;
		index->slots = xrealloc(index->slots, index->cap * sizeof(*index->slots));
	}
	memmove(index->slots + at + 1, index->slots + at,
		(index->count - at) * sizeof(*index->slots));
	index->slots[at] = (struct dir_slot){d->cookie, d};
	index->count++;
}

static uint64_t bytes_of(const struct dirent_node *d)
{
	return sizeof(*d) + d->name_len + sizeof(struct dir_slot) + STATE_OVERHEAD;
}

struct dirent_node *dirent_set(struct state *s, struct inode *dir, struct bytes name, uint64_t ino,
	uint64_t cookie, uint32_t mode)
{
	struct dirent_node *d = dirent_find(s, dir->ino, name);

	if (!d) {
		d = xcalloc(1, sizeof(*d) + name.len + 1);
		d->parent = dir->ino;
		d->name_len = (uint16_t)name.len;
		memcpy(d->name, name.data, name.len);
		table_add(&s->dirents, hash_of_node(d), d);
		dir->dir->names++;
		s->inode_bytes.used += bytes_of(d);
	} else if (d->ino) {
		index_remove(dir->dir, d);
	}
	d->ino = ino;
	d->cookie = cookie;
	d->mode = mode & S_IFMT;
	d->used = true;
	if (ino)
		index_insert(dir->dir, d);
	return d;
}

void dirent_drop(struct state *s, struct dirent_node *d)
{
	struct inode *dir = inode_peek(s, d->parent);

	assert(dir);
	dir->dir->names--;
	if (d->ino) {
		index_forget(dir->dir, d->cookie);
		index_remove(dir->dir, d);
	}
	table_remove(&s->dirents, hash_of_node(d), d);
	s->inode_bytes.used -= bytes_of(d);
	free(d);
}
