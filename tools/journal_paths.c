#include "journal_paths.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "base/buf.h"
#include "base/proc_text.h"
#include "base/table.h"
#include "db/conn.h"

#define ROOT 1

/* Names above each other that are followed: there are circles in a journal that is damaged. */
#define DEPTH_MAX 4096

struct node {
	uint64_t ino;
	uint64_t parent; /* with name; 0: the journal has not named it */
	char *name;      /* escaped */
	char *path;      /* as the database says; NULL: it does not */
	bool made;       /* by an op of the journal */
};

struct journal_paths {
	struct table nodes;
};

static uint32_t hash_of(uint64_t ino)
{
	return hash_end(hash_bytes(0, &ino, sizeof(ino)));
}

static bool is_node(const void *item, const void *key)
{
	return ((const struct node *)item)->ino == *(const uint64_t *)key;
}

static struct node *find(const struct journal_paths *p, uint64_t ino)
{
	return table_find(&p->nodes, hash_of(ino), is_node, &ino);
}

static struct node *get(struct journal_paths *p, uint64_t ino)
{
	struct node *n = find(p, ino);

	if (n)
		return n;
	n = xcalloc(1, sizeof(*n));
	n->ino = ino;
	table_add(&p->nodes, hash_of(ino), n);
	return n;
}

static void name_it(struct journal_paths *p, uint64_t ino, uint64_t parent, struct bytes name)
{
	struct node *n = get(p, ino);

	get(p, parent);
	free(n->name);
	n->parent = parent;
	n->name = proc_escape(name.len ? name.data : "", name.len);
	if (!n->name)
		abort();
}

void journal_paths_note(struct journal_paths *p, const struct record *r)
{
	get(p, r->ino);
	if (r->parent)
		get(p, r->parent);
	if (r->new_parent)
		get(p, r->new_parent);
	for (unsigned int i = 0; i < r->change_count; i++) {
		const struct change *c = &r->changes[i];

		if (c->type == CHANGE_INODE && c->flags & CHANGE_NEW)
			get(p, c->inode.attr.ino)->made = true;
		else if (c->type == CHANGE_DIRENT)
			name_it(p, c->dirent.ino, c->dirent.parent, c->dirent.name);
	}
}

bool journal_paths_ask(struct journal_paths *p, PGconn *conn, struct error *err)
{
	struct buf inodes = {0};
	const char *params[1];
	struct node *n;
	PGresult *res;
	char text[24];
	size_t at = 0;

	while ((n = table_next(&p->nodes, &at)))
		if (!n->made) {
			n->parent = 0;
			snprintf(text, sizeof(text), "%" PRIu64, n->ino);
			array_add(&inodes, text);
		}
	params[0] = inodes.len ? inodes.data : "{}";
	res = db_query(conn,
		"select i, thule.path(i) from unnest($1::bigint[]) i where thule.path(i) is not "
		"null",
		1, params, err);
	buf_free(&inodes);
	for (int i = 0; res && i < PQntuples(res); i++) {
		n = get(p, strtoull(PQgetvalue(res, i, 0), NULL, 10));
		free(n->path);
		n->path = xmemdup(PQgetvalue(res, i, 1), (size_t)PQgetlength(res, i, 1) + 1);
	}
	PQclear(res);
	return res != NULL;
}

/* Puts `name` before what is there. */
static void prepend(struct buf *b, const char *name)
{
	struct buf longer = {0};

	buf_add(&longer, "/", 1);
	buf_add(&longer, name, strlen(name));
	buf_add(&longer, b->data, b->len);
	buf_free(b);
	*b = longer;
}

char *journal_paths_of(const struct journal_paths *p, uint64_t ino)
{
	struct buf below = {0};

	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		const struct node *n = find(p, ino);
		const char *top = ino == ROOT ? "" : n && !n->parent ? n->path : NULL;

		if (top) {
			/* The root's own is a slash alone. */
			if (!below.len || *top)
				prepend(&below, *top ? top + 1 : "");
			buf_add(&below, "", 1);
			return below.data;
		}
		if (!n || !n->parent)
			break;
		prepend(&below, n->name);
		ino = n->parent;
	}
	buf_free(&below);
	return NULL;
}

struct journal_paths *journal_paths_new(void)
{
	return xcalloc(1, sizeof(struct journal_paths));
}

void journal_paths_free(struct journal_paths *p)
{
	struct node *n;
	size_t at = 0;

	if (!p)
		return;
	while ((n = table_next(&p->nodes, &at))) {
		free(n->name);
		free(n->path);
		free(n);
	}
	table_free(&p->nodes);
	free(p);
}
