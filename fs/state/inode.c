#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "state/state.h"

void state_init(struct state *s, const struct state_limits *limits)
{
	*s = (struct state){
		.next_fh = 1,
		.labels = true,
		.max_inodes = limits->inodes,
		.inode_bytes = {"inodes", 0, (uint64_t)limits->inodes * STATE_INODE_BYTES},
		.attributes = {"attributes", 0, limits->attributes},
	};
	chunks_init(&s->chunks, limits->data);
}

void state_free(struct state *s)
{
	struct handle *h, *htmp;
	struct revived *r, *rtmp;
	struct dirent_node *d;
	struct inode *inode;
	size_t at = 0;

	HASH_ITER (hh, s->revived, r, rtmp) {
		HASH_DEL(s->revived, r);
		free(r);
	}
	while ((d = table_next(&s->dirents, &at)))
		free(d);
	table_free(&s->dirents);
	HASH_ITER (hh, s->handles, h, htmp) {
		handle_drop(s, h);
	}
	free(s->closed);
	free(s->misplaced);
	buf_free(&s->misnamed);
	quotas_free(&s->quotas);
	while ((inode = table_first(&s->inodes)))
		inode_drop(s, inode);
	table_free(&s->inodes);
	answers_free(chunks_unused(&s->chunks));
}

/* But for its place in listings, which is counted with its name. */
static uint64_t bytes_of(const struct inode *inode)
{
	return sizeof(*inode) + inode->target_len + STATE_OVERHEAD;
}

#define DIR_BYTES   (sizeof(struct dir_index) + STATE_OVERHEAD)
#define READS_BYTES (sizeof(struct dir_reads) + STATE_OVERHEAD)

static struct dir_index *dir_new(struct state *s)
{
	s->inode_bytes.used += DIR_BYTES;
	return xcalloc(1, sizeof(struct dir_index));
}

static void dir_free(struct state *s, struct dir_index *dir)
{
	if (!dir)
		return;
	s->inode_bytes.used -= DIR_BYTES + (dir->reads ? READS_BYTES : 0);
	free(dir->slots);
	free(dir->reads);
	free(dir);
}

struct inode *inode_add(struct state *s, const struct inode_attr *attr, struct bytes target)
{
	struct inode *inode = xcalloc(1, sizeof(*inode));

	inode->attr = *attr;
	inode->charge = charge_of(attr);
	inode->base_end = attr->size;
	inode->dirty_op = s->committed;
	inode->used = true;
	if (S_ISDIR(attr->mode))
		inode->dir = dir_new(s);
	if (target.len) {
		inode->target = xmemdup(target.data, target.len);
		inode->target_len = target.len;
	}
	table_add(&s->inodes, inode_hash(inode->ino), inode);
	s->inode_bytes.used += bytes_of(inode);
	return inode;
}

struct dir_reads *dir_reads(struct state *s, struct inode *dir)
{
	if (!dir->dir->reads) {
		dir->dir->reads = xcalloc(1, sizeof(*dir->dir->reads));
		s->inode_bytes.used += READS_BYTES;
	}
	return dir->dir->reads;
}

void inode_drop(struct state *s, struct inode *inode)
{
	table_remove(&s->inodes, inode_hash(inode->ino), inode);
	s->inode_bytes.used -= bytes_of(inode);
	chunks_forget(inode, 0, UINT64_MAX);
	dir_free(s, inode->dir);
	free(inode->pending);
	free(inode->target);
	xattrs_forget(s, inode);
	free(inode);
}

void inode_misplaced(struct state *s, struct inode *inode)
{
	if (inode->misplaced)
		return;
	inode->misplaced = true;
	if (s->misplaced_count == s->misplaced_cap) {
		s->misplaced_cap = s->misplaced_cap ? s->misplaced_cap * 2 : 16;
		s->misplaced = xrealloc(s->misplaced, s->misplaced_cap * sizeof(s->misplaced[0]));
	}
	s->misplaced[s->misplaced_count++] = inode->ino;
}

void name_list(struct buf *names, uint64_t parent, struct bytes name)
{
	buf_add(names, &parent, sizeof(parent));
	buf_add(names, name.data, name.len);
	buf_add(names, "", 1);
}

/* How many inodes, and how many bytes with their names, are to be left. */
struct keep {
	size_t count;
	uint64_t bytes;
};

static bool too_many(const struct state *s, size_t count, const struct keep *keep)
{
	return count > keep->count || s->inode_bytes.used > keep->bytes;
}

static void evict_names(struct state *s, uint64_t committed, const struct keep *keep)
{
	size_t look = s->dirents.count;

	while (too_many(s, s->dirents.count, keep) && look--) {
		struct dirent_node *d = table_first(&s->dirents);
		if (d->dirty_op <= committed && !d->used) {
			dirent_drop(s, d);
			continue;
		}
		/* A second chance. */
		d->used = false;
		table_requeue(&s->dirents);
	}
}

static void evict_inodes(struct state *s, uint64_t committed, const struct keep *keep)
{
	size_t look = s->inodes.count;

	while (too_many(s, s->inodes.count, keep) && look--) {
		struct inode *inode = table_first(&s->inodes);
		bool pinned = inode->dirty_op > committed || inode->opens || inode->pending_count ||
			      inode->accessed || (inode->dir && inode->dir->names) ||
			      (inode->attr.nlink == 0 && !inode->gone && !s->shared);
		if (!pinned && !inode->used) {
			inode_drop(s, inode);
			continue;
		}
		inode->used = false;
		table_requeue(&s->inodes);
	}
}

void state_evict(struct state *s, uint64_t committed)
{
	const struct budget *b = &s->inode_bytes;
	struct keep keep = {s->max_inodes - s->max_inodes / 8, b->limit - b->limit / 8};
	size_t before = s->inodes.count + s->dirents.count;

	s->committed = committed;
	xattrs_evict(s, committed);
	if (s->inodes.count <= s->max_inodes && s->dirents.count <= s->max_inodes * 2 &&
		b->used <= b->limit)
		return;
	evict_names(s, committed, &keep);
	evict_inodes(s, committed, &keep);
	/* Answers that are on their way are thrown away for it, so it counts only when something
	 * went. */
	if (s->inodes.count + s->dirents.count < before)
		s->evictions++;
}

/* Drops an inode, or where something holds it makes it stale. */
static void outdate(struct state *s, struct inode *inode, uint64_t next_op)
{
	if (!inode->opens && !(inode->dir && inode->dir->names)) {
		inode_drop(s, inode);
		return;
	}
	chunks_forget(inode, 0, UINT64_MAX);
	inode->stale = true;
	if (inode->dir) {
		dir_unknown(inode->dir);
		inode->dir->parent = 0;
	}
	if (inode->dir && inode->dir->reads)
		*inode->dir->reads = (struct dir_reads){0};
	inode->dropped_op = next_op - 1; /* of which the journal will say that it is committed */
}

void state_reload(struct state *s, uint64_t next_op)
{
	struct dirent_node *d;
	struct inode *inode;
	size_t at = 0;

	s->evictions++;
	chunks_clear(&s->chunks);
	s->labels = true;
	while ((d = table_first(&s->dirents)))
		dirent_drop(s, d);
	while ((inode = table_next(&s->inodes, &at)))
		outdate(s, inode, next_op);
}

void state_outdate_inode(struct state *s, uint64_t ino, uint64_t next_op)
{
	struct inode *inode = (struct inode *)inode_peek(s, ino);

	s->evictions++;
	s->labels = true;
	if (inode)
		outdate(s, inode, next_op);
}

void state_outdate_name(struct state *s, uint64_t parent, struct bytes name)
{
	struct dirent_node *d = dirent_find(s, parent, name);

	s->evictions++;
	if (d)
		dirent_drop(s, d);
}

void state_revive(struct state *s, uint64_t ino, uint64_t generation)
{
	struct revived *r;

	HASH_FIND(hh, s->revived, &ino, sizeof(ino), r);
	if (!r) {
		r = xcalloc(1, sizeof(*r));
		r->ino = ino;
		HASH_ADD(hh, s->revived, ino, sizeof(r->ino), r);
	}
	r->generation = generation;
}

uint64_t state_generation(const struct state *s, uint64_t ino)
{
	const struct revived *r;

	HASH_FIND(hh, s->revived, &ino, sizeof(ino), r);
	return r ? r->generation : 0;
}

void inode_refresh(struct state *s, struct inode *inode, const struct inode_attr *attr)
{
	inode->stale = false;
	inode->told = false;
	xattrs_forget(s, inode);
	inode->gone = !attr;
	if (attr) {
		inode->resized |= inode->attr.size != attr->size;
		inode->attr = *attr;
		/* Somebody has made a directory of it, in the database. */
		if (S_ISDIR(attr->mode) && !inode->dir)
			inode->dir = dir_new(s);
		inode->charge = charge_of(attr);
		inode->base_end = attr->size;
	} else {
		inode->charge = (struct charge){0};
		inode->attr.nlink = 0;
	}
}
