#include "lock/holders.h"

#include <stdlib.h>
struct holder *holders_first(const struct holders *hs, uint64_t ino)
{
	struct locked_file *f;

	HASH_FIND(hh, hs->files, &ino, sizeof(ino), f);
	return f ? f->first : NULL;
}

struct holder *holders_find(const struct holders *hs, uint64_t ino, uint64_t owner, bool flock)
{
	struct holder *h = holders_first(hs, ino);

	while (h && (h->key.owner != owner || h->key.flock != flock))
		h = h->next;
	return h;
}

struct holder *holders_get(struct holders *hs, uint64_t ino, uint64_t owner, bool flock)
{
	struct holder *h = holders_find(hs, ino, owner, flock);
	struct locked_file *f;

	if (h)
		return h;
	HASH_FIND(hh, hs->files, &ino, sizeof(ino), f);
	if (!f) {
		f = xcalloc(1, sizeof(*f));
		f->ino = ino;
		HASH_ADD(hh, hs->files, ino, sizeof(f->ino), f);
	}
	h = xcalloc(1, sizeof(*h));
	h->key.ino = ino;
	h->key.owner = owner;
	h->key.flock = flock;
	h->next = f->first;
	f->first = h;
	return h;
}

void holder_add_fh(struct holder *h, uint64_t fh)
{
	for (unsigned int i = 0; i < h->count; i++)
		if (h->fhs[i] == fh)
			return;
	h->fhs = xrealloc(h->fhs, (h->count + 1) * sizeof(h->fhs[0]));
	h->fhs[h->count++] = fh;
}

bool holder_drop_fh(struct holder *h, uint64_t fh)
{
	for (unsigned int i = 0; i < h->count; i++) {
		if (h->fhs[i] != fh)
			continue;
		h->fhs[i] = h->fhs[--h->count];
		return true;
	}
	return false;
}

static void drop(struct holders *hs, struct locked_file *f, struct holder *h)
{
	struct holder **p = &f->first;

	while (*p != h)
		p = &(*p)->next;
	*p = h->next;
	free(h->fhs);
	free(h);
	if (f->first)
		return;
	HASH_DEL(hs->files, f);
	free(f);
}

void holders_tidy(struct holders *hs, struct holder *h)
{
	struct locked_file *f;

	if (h->held || h->pending)
		return;
	HASH_FIND(hh, hs->files, &h->key.ino, sizeof(h->key.ino), f);
	drop(hs, f, h);
}

void holders_lose(struct holders *hs, struct buf *fhs)
{
	struct locked_file *f, *tmp;
	struct holder *h, *next;

	HASH_ITER (hh, hs->files, f, tmp) {
		for (h = f->first; h; h = next) {
			next = h->next;
			if (!h->held)
				continue;
			buf_add(fhs, h->fhs, h->count * sizeof(h->fhs[0]));
			h->held = false;
			h->lost = true;
			if (!h->pending)
				drop(hs, f, h);
		}
	}
}

bool holders_any(const struct holders *hs)
{
	struct locked_file *f, *tmp;

	HASH_ITER (hh, hs->files, f, tmp) {
		for (const struct holder *h = f->first; h; h = h->next)
			if (h->held)
				return true;
	}
	return false;
}

void holders_free(struct holders *hs)
{
	struct locked_file *f, *tmp;

	HASH_ITER (hh, hs->files, f, tmp) {
		while (f->first->next)
			drop(hs, f, f->first);
		drop(hs, f, f->first);
	}
}
