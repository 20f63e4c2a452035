#include "live/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define ROOT_INO   1
#define MAX_LEVELS 128

static int compare(const void *a, const void *b)
{
	const struct path_found *x = a, *y = b;

	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

void paths_init(struct paths *p, size_t max)
{
	p->found = xcalloc(max + 1, sizeof(p->found[0]));
	p->count = 0;
	p->left = PATHS_LOOK_MAX;
}

void paths_want(struct paths *p, uint64_t ino)
{
	p->found[p->count++].ino = ino;
}

/* Sorted, each once. */
static void order(struct paths *p)
{
	size_t n = 0;

	if (p->count)
		qsort(p->found, p->count, sizeof(p->found[0]), compare);
	for (size_t i = 0; i < p->count; i++)
		if (!n || p->found[n - 1].ino != p->found[i].ino)
			p->found[n++] = p->found[i];
	p->count = n;
}

static struct path_found *find(const struct paths *p, uint64_t ino)
{
	struct path_found key = {.ino = ino};

	return p->count ? bsearch(&key, p->found, p->count, sizeof(p->found[0]), compare) : NULL;
}

/* The name of a directory in its parent. */
static const struct dirent_node *name_in(struct paths *p, const struct inode *parent, uint64_t ino)
{
	const struct dir_index *index = parent->dir;

	/* Somebody may have made another kind of file of it, in the database. */
	for (size_t i = 0; index && i < index->count && p->left; i++) {
		p->left--;
		if (index->slots[i].node && index->slots[i].node->ino == ino)
			return index->slots[i].node;
	}
	return NULL;
}

/* Of the inode that the name is of. NULL when a directory above it is not known. */
static char *path_of_name(struct paths *p, struct state *s, const struct dirent_node *d)
{
	const struct dirent_node *chain[MAX_LEVELS];
	struct buf path = {0};
	size_t n = 0;

	while (d && n < MAX_LEVELS) {
		struct inode *dir, *above;

		chain[n++] = d;
		if (d->parent == ROOT_INO)
			break;
		dir = inode_peek(s, d->parent);
		if (!dir || !dir->dir->parent)
			return NULL;
		above = inode_peek(s, dir->dir->parent);
		d = above ? name_in(p, above, dir->ino) : NULL;
	}
	if (!d || d->parent != ROOT_INO)
		return NULL;
	while (n--) {
		buf_add(&path, "/", 1);
		buf_add(&path, chain[n]->name, chain[n]->name_len);
	}
	buf_add(&path, "", 1);
	return path.data;
}

/* What is a directory is found by its parent. */
static void find_directories(struct paths *p, struct state *s)
{
	for (size_t i = 0; i < p->count; i++) {
		struct path_found *f = &p->found[i];
		const struct dirent_node *d;
		struct inode *inode, *parent;

		if (f->ino == ROOT_INO) {
			f->path = strdup("/");
			continue;
		}
		inode = inode_peek(s, f->ino);
		if (!inode || !inode->dir || !inode->dir->parent)
			continue;
		parent = inode_peek(s, inode->dir->parent);
		d = parent ? name_in(p, parent, f->ino) : NULL;
		f->path = d ? path_of_name(p, s, d) : NULL;
	}
}

void paths_find(struct paths *p, struct state *s)
{
	const struct dirent_node *d;
	size_t missing = 0, at = 0;

	order(p);
	find_directories(p, s);
	for (size_t i = 0; i < p->count; i++)
		missing += !p->found[i].path;
	while (missing && p->left && (d = table_next(&s->dirents, &at))) {
		struct path_found *f = d->ino ? find(p, d->ino) : NULL;

		p->left--;
		if (f && !f->path && (f->path = path_of_name(p, s, d)))
			missing--;
	}
}

char *paths_of(const struct paths *p, uint64_t ino, const char *name)
{
	const struct path_found *f = find(p, ino);
	char *path = NULL;

	if (!f || !f->path)
		return NULL;
	if (asprintf(&path, "%s%s%s", strcmp(f->path, "/") || !*name ? f->path : "",
		    *name ? "/" : "", name) < 0)
		abort();
	return path;
}

void paths_release(struct paths *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->found[i].path);
	free(p->found);
}
