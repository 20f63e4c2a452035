#include "op/nearby.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "op/fetch.h"

/* So many directories are known whose files are being read. */
#define WALKS 8

/* With one statement, beside the file that is asked for. */
#define NEARBY_BYTES_MAX (UINT64_C(512) << 10)

/* Neighbours that are asked for first, and by how much that grows when they are read. */
#define NEARBY_FIRST  32
#define NEARBY_GROWTH 4

/* After neighbours that nobody read. */
#define NEARBY_REST 16

/* So many names of a directory are looked at. */
#define NEARBY_LOOK 4096

/* A directory whose files are being read. */
struct walk {
	uint64_t dir;
	int32_t pid;        /* of the thread that asked last */
	uint32_t visit;     /* a number that no other has: its files that were read have it */
	uint64_t cookie;    /* how far it was asked for */
	size_t ahead;       /* neighbours that are asked for with the next file that is missing */
	size_t asked, used; /* of those that were asked for with the last one */
	unsigned int rest;  /* files to be missing before neighbours are tried again */
};

struct nearby {
	struct walk walks[WALKS];
	unsigned int next; /* the one to be replaced next */
	uint32_t visits;
};

struct nearby *nearby_new(void)
{
	return xcalloc(1, sizeof(struct nearby));
}

void nearby_free(struct nearby *n)
{
	free(n);
}

static struct walk *find(struct nearby *n, uint64_t dir)
{
	for (unsigned int i = 0; i < WALKS; i++)
		if (n->walks[i].dir == dir)
			return &n->walks[i];
	return NULL;
}

static struct walk *find_thread(struct nearby *n, int32_t pid)
{
	for (unsigned int i = 0; i < WALKS; i++)
		if (n->walks[i].dir && n->walks[i].pid == pid)
			return &n->walks[i];
	return NULL;
}

void nearby_used(struct call *c, struct inode *inode)
{
	struct walk *w = inode->listed_in ? find(c->fs->nearby, inode->listed_in) : NULL;

	if (!w)
		return;
	inode->visit = w->visit;
	w->used++;
}

/* What do files that were read say of those that were asked for? */
static void learn(struct walk *w)
{
	if (w->used * 2 < w->asked) {
		w->ahead /= NEARBY_GROWTH * NEARBY_GROWTH;
		w->rest = NEARBY_REST;
	} else if (w->asked) {
		w->ahead *= NEARBY_GROWTH;
	}
	if (w->ahead > FETCH_FILES - 1)
		w->ahead = FETCH_FILES - 1;
	w->asked = w->used = 0;
}

/* Returns the walk in a directory of which a file is missing. Who goes from one directory to
 * another has read files of a tree there, too. */
static struct walk *walk_on(struct nearby *n, uint64_t dir, int32_t pid)
{
	struct walk *w = find(n, dir);

	if (w) {
		learn(w);
		if (w->rest)
			w->rest--;
		else if (!w->ahead)
			w->ahead = NEARBY_FIRST;
	} else {
		w = find_thread(n, pid);
		if (w) {
			learn(w);
		} else {
			w = &n->walks[n->next++ % WALKS];
			*w = (struct walk){0};
		}
		w->dir = dir;
		w->cookie = 0;
		w->visit = ++n->visits;
	}
	w->pid = pid;
	return w;
}

/* Returns the inode of a slot if it is a small file whose bytes may be asked for. */
static struct inode *candidate(struct fs *fs, const struct walk *w, const struct dir_slot *slot)
{
	struct inode *inode;

	if (!slot->node || !S_ISREG(slot->node->mode))
		return NULL;
	inode = inode_find(&fs->state, slot->node->ino);
	if (!inode || inode->stale || inode->gone || inode->pending_count || inode->chunks ||
		inode->visit == w->visit || inode->base_end > FETCH_SMALL_BYTES)
		return NULL;
	return inode;
}

/* Returns the slot after that of a file, or after what was asked for before. */
static size_t begin(const struct dir_index *index, const struct walk *w, uint64_t ino)
{
	size_t from = dir_seek(index, w->cookie);

	for (size_t i = 0; i < index->count && i < NEARBY_LOOK; i++) {
		size_t at = (from + i) % index->count;

		if (index->slots[at].node && index->slots[at].node->ino == ino)
			return at + 1;
	}
	return from;
}

static void add_neighbours(struct call *c, struct fetch *f, struct walk *w, uint64_t ino)
{
	const struct inode *dir = inode_find(&c->fs->state, w->dir);
	uint64_t bytes = 0;
	size_t from;

	if (!dir || !dir->dir.count)
		return;
	from = begin(&dir->dir, w, ino);
	for (size_t i = 0; i < dir->dir.count && i < NEARBY_LOOK && w->asked < w->ahead; i++) {
		const struct dir_slot *slot = &dir->dir.slots[(from + i) % dir->dir.count];
		struct inode *inode = candidate(c->fs, w, slot);

		if (!inode || bytes + inode->base_end > NEARBY_BYTES_MAX)
			continue;
		if (!inode->base_end || !fetch_chunk(f, inode, 0, true))
			continue;
		bytes += inode->base_end;
		w->cookie = slot->cookie;
		w->asked++;
	}
}

bool nearby_ask(struct call *c, struct inode *inode)
{
	struct fetch *f = fetch_new(c->fs);
	bool ok = fetch_chunk(f, inode, 0, false);
	struct walk *w;

	if (ok && inode->listed_in) {
		w = walk_on(c->fs->nearby, inode->listed_in, c->ctx->pid);
		inode->visit = w->visit;
		add_neighbours(c, f, w, inode->ino);
	}
	if (fetch_count(f) > 1)
		fetch_files(f);
	else
		fetch_range(f);
	return ok;
}
