#include "op/nearby.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "op/fetch.h"

/* So many threads are followed. */
#define WALKS 8

/* With one statement, beside the file that is asked for. */
#define NEARBY_BYTES_MAX (UINT64_C(512) << 10)

/* Neighbours that are asked for first, and by how much that grows when they are read. */
#define NEARBY_FIRST  32
#define NEARBY_GROWTH 4

/* After neighbours that nobody read. */
#define NEARBY_REST 16

/* So many names are looked at. */
#define NEARBY_LOOK 4096

/* Who reads small files, of one directory or of a tree. */
struct walk {
	uint64_t dir;        /* whose files are read */
	int32_t pid;         /* of the thread that asked last */
	uint32_t visit;      /* a number that no other has: its files that were read have it */
	uint64_t at, cookie; /* asked for up to this name of this directory */
	size_t ahead;        /* neighbours that are asked for at once */
	size_t asked, used;  /* of those that are not judged yet */
	size_t batch;        /* of those that were asked for last */
	unsigned int rest;   /* files to be missing before neighbours are tried again */
	unsigned int stay;   /* directories to be read before files of the next one are tried */
	bool trusted;        /* neighbours have been read since a file was missing */
	bool crossed;        /* files of other directories were asked for */
};

struct nearby {
	struct walk walks[WALKS];
	unsigned int next; /* the one to be replaced next */
	uint32_t visits;
};

/* Neighbours that are about to be asked for. */
struct picked {
	struct fs *fs;
	struct fetch *fetch;
	size_t count;
	uint64_t bytes;
};

struct nearby *nearby_new(void)
{
	return xcalloc(1, sizeof(struct nearby));
}

void nearby_free(struct nearby *n)
{
	free(n);
}

static struct walk *find(struct nearby *n, uint64_t dir, int32_t pid)
{
	struct walk *thread = NULL;

	for (unsigned int i = 0; i < WALKS; i++) {
		if (n->walks[i].dir == dir)
			return &n->walks[i];
		if (n->walks[i].dir && n->walks[i].pid == pid)
			thread = &n->walks[i];
	}
	return thread;
}

static void grow(struct walk *w)
{
	w->ahead *= NEARBY_GROWTH;
	if (w->ahead > FETCH_FILES - 1)
		w->ahead = FETCH_FILES - 1;
}

/* A file is missing. What do those that were read say of those that were asked for? */
static void judge(struct walk *w)
{
	if (w->trusted) {
		w->trusted = false;
		return;
	}
	if (w->used * 2 < w->asked) {
		w->ahead /= NEARBY_GROWTH * NEARBY_GROWTH;
		w->rest = NEARBY_REST;
		w->batch = 0;
	} else if (w->asked) {
		grow(w);
	}
	w->asked = w->used = 0;
}

/* A file of another directory than before is missing. What was asked for of that other one is no
 * mistake of those in one directory. */
static void move(struct walk *w, uint64_t dir)
{
	if (w->crossed)
		w->stay = NEARBY_REST;
	else
		judge(w);
	if (w->stay)
		w->stay--;
	w->asked = w->used = 0;
	w->trusted = w->crossed = false;
	w->dir = w->at = dir;
	w->cookie = 0;
}

/* Returns the walk of who misses a file. Who goes from one directory to another has read files of a
 * tree there, too. */
static struct walk *walk_on(struct nearby *n, const struct inode *inode, int32_t pid)
{
	struct walk *w = find(n, inode->listed_in, pid);

	if (!w) {
		w = &n->walks[n->next++ % WALKS];
		*w = (struct walk){.stay = 1, .visit = ++n->visits};
		w->dir = w->at = inode->listed_in;
	} else if (w->dir != inode->listed_in) {
		move(w, inode->listed_in);
	} else {
		judge(w);
		if (w->rest)
			w->rest--;
		else if (!w->ahead)
			w->ahead = NEARBY_FIRST;
	}
	/* They are read once more. */
	if (inode->visit == w->visit)
		w->visit = ++n->visits;
	w->pid = pid;
	return w;
}

/* Returns the inode of a name if it is a file whose bytes may be asked for. */
static struct inode *candidate(struct fs *fs, const struct walk *w, const struct dirent_node *node)
{
	struct inode *inode;

	if (!node || !S_ISREG(node->mode))
		return NULL;
	inode = inode_find(&fs->state, node->ino);
	if (!inode || inode->stale || inode->gone || inode->pending_count || inode->chunks ||
		inode->visit == w->visit)
		return NULL;
	return inode;
}

/* The beginning of a larger file is asked for by itself. */
static bool pick_beginning(struct picked *p, struct inode *inode)
{
	struct fetch *f = fetch_new(p->fs);
	bool ok = fetch_chunk(f, inode, 0, true);

	fetch_range(f);
	return ok;
}

/* Adds the file of a name. False when there is no room for it beside the others. */
static bool pick(struct picked *p, const struct walk *w, const struct dirent_node *node)
{
	struct inode *inode = candidate(p->fs, w, node);
	bool small = inode && inode->base_end <= FETCH_SMALL_BYTES;
	uint64_t bytes;

	if (!inode || !inode->base_end)
		return true;
	bytes = inode->base_end < CHUNK_BYTES ? inode->base_end : CHUNK_BYTES;
	if (p->count == w->ahead || (p->count && p->bytes + bytes > NEARBY_BYTES_MAX))
		return false;
	if (small ? fetch_chunk(p->fetch, inode, 0, true) : pick_beginning(p, inode)) {
		p->count++;
		p->bytes += bytes;
	}
	return true;
}

static void ask(struct walk *w, const struct picked *p)
{
	w->asked += p->count;
	if (p->count)
		w->batch = p->count;
	if (fetch_count(p->fetch) > 1)
		fetch_files(p->fetch);
	else
		fetch_range(p->fetch);
}

/* Returns the slot after that of a file, or after what was asked for before. */
static size_t begin(const struct dir_index *index, const struct walk *w, uint64_t ino)
{
	size_t from = dir_seek(index, w->at == w->dir ? w->cookie : 0);

	for (size_t i = 0; i < index->count && i < NEARBY_LOOK; i++) {
		size_t at = (from + i) % index->count;

		if (index->slots[at].node && index->slots[at].node->ino == ino)
			return at + 1;
	}
	return from;
}

/* The next ones of the directory, and after the last one the first ones. */
static void pick_neighbours(struct picked *p, struct walk *w, uint64_t ino)
{
	const struct inode *dir = inode_find(&p->fs->state, w->dir);
	size_t from;

	if (!dir || !dir->dir || !dir->dir->count)
		return;
	from = begin(dir->dir, w, ino);
	w->at = w->dir;
	for (size_t i = 0; i < dir->dir->count && i < NEARBY_LOOK; i++) {
		const struct dir_slot *slot = &dir->dir->slots[(from + i) % dir->dir->count];

		if (!pick(p, w, slot->node))
			return;
		w->cookie = slot->cookie;
	}
}

bool nearby_ask(struct call *c, struct inode *inode)
{
	struct picked p = {.fs = c->fs, .fetch = fetch_new(c->fs)};
	bool ok = fetch_chunk(p.fetch, inode, 0, false);
	struct walk *w;

	if (!ok || !inode->listed_in) {
		fetch_range(p.fetch);
		return ok;
	}
	w = walk_on(c->fs->nearby, inode, c->ctx->pid);
	inode->visit = w->visit;
	/* Where neighbours are still to be read, this one alone is out of order. */
	if (w->asked <= w->used)
		pick_neighbours(&p, w, inode->ino);
	ask(w, &p);
	return ok;
}

/* Goes on after a directory of which all names were looked at, in the one that has it. */
static bool leave(struct fs *fs, struct walk *w, const struct inode *dir)
{
	const struct inode *parent = dir->dir->parent && dir->dir->complete
					     ? inode_find(&fs->state, dir->dir->parent)
					     : NULL;

	for (size_t i = 0; parent && parent->dir && i < parent->dir->count && i < NEARBY_LOOK;
		i++) {
		const struct dir_slot *slot = &parent->dir->slots[i];

		if (slot->node && slot->node->ino == dir->ino) {
			w->at = parent->ino;
			w->cookie = slot->cookie;
			return true;
		}
	}
	return false;
}

/*
 * The next files of a tree in the order in which tar, grep -r and cp -r come to them: names as they
 * are listed, those of a sub-directory at its place. It ends at a directory that was not listed.
 */
static void pick_tree(struct picked *p, struct walk *w)
{
	for (size_t i = 0; i < NEARBY_LOOK; i++) {
		const struct inode *dir = inode_find(&p->fs->state, w->at);
		size_t next = dir && dir->dir ? dir_seek(dir->dir, w->cookie) : 0;
		const struct dir_slot *slot;

		if (!dir || !dir->dir)
			return;
		if (next == dir->dir->count) {
			if (w->stay || !leave(p->fs, w, dir))
				return;
			continue;
		}
		slot = &dir->dir->slots[next];
		if (slot->cookie > dir->dir->upto || !pick(p, w, slot->node))
			return;
		w->cookie = slot->cookie;
		w->crossed = w->crossed || w->at != w->dir;
		if (slot->node && S_ISDIR(slot->node->mode) && !w->stay) {
			w->at = slot->node->ino;
			w->cookie = 0;
		}
	}
}

void nearby_used(struct call *c, struct inode *inode)
{
	struct walk *w =
		inode->listed_in ? find(c->fs->nearby, inode->listed_in, c->ctx->pid) : NULL;
	struct picked p = {.fs = c->fs};

	if (!w)
		return;
	inode->visit = w->visit;
	w->used++;
	w->pid = c->ctx->pid;
	if (w->dir != inode->listed_in) {
		w->dir = inode->listed_in;
		w->stay = 0;
		w->crossed = w->at != w->dir;
	}
	/* Half of those that were asked for last have been read: time for the next ones. */
	if (!w->batch || (w->asked > w->used && (w->asked - w->used) * 2 > w->batch))
		return;
	w->asked -= w->used < w->asked ? w->used : w->asked;
	w->used = 0;
	w->trusted = true;
	grow(w);
	p.fetch = fetch_new(c->fs);
	pick_tree(&p, w);
	ask(w, &p);
}
