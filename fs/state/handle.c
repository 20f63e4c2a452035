#include <fcntl.h>
#include <stdlib.h>

#include "base/buf.h"
#include "state/state.h"

struct handle *handle_add(struct state *s, uint64_t ino)
{
	struct handle *h = xcalloc(1, sizeof(*h));

	h->fh = s->next_fh++;
	h->ino = ino;
	HASH_ADD(hh, s->handles, fh, sizeof(h->fh), h);
	return h;
}

struct handle *handle_restore(struct state *s, uint64_t fh, uint64_t ino)
{
	uint64_t next = s->next_fh;
	struct handle *h;

	s->next_fh = fh;
	h = handle_add(s, ino);
	if (s->next_fh < next)
		s->next_fh = next;
	return h;
}

struct handle *handle_by_request(struct state *s, uint64_t unique)
{
	struct handle *h, *tmp;

	HASH_ITER (hh, s->handles, h, tmp) {
		if (h->unique == unique)
			return h;
	}
	return NULL;
}

struct handle *handle_find(struct state *s, uint64_t fh)
{
	struct handle *h;

	HASH_FIND(hh, s->handles, &fh, sizeof(fh), h);
	return h;
}

void handle_drop(struct state *s, struct handle *h)
{
	if (h->shown) {
		if (s->closed_count == s->closed_cap) {
			s->closed_cap = s->closed_cap ? s->closed_cap * 2 : 16;
			s->closed = xrealloc(s->closed, s->closed_cap * sizeof(s->closed[0]));
		}
		s->closed[s->closed_count++] = h->fh;
	}
	handle_silence(s, h, false);
	HASH_DEL(s->handles, h);
	free(h);
}

void handle_silence(struct state *s, struct handle *h, bool silent)
{
	s->silent += silent;
	s->silent -= h->silent;
	h->silent = silent;
}

void handles_show(
	struct state *s, int64_t before, void (*fn)(void *arg, struct handle *h), void *arg)
{
	/* The hash keeps the order in which they were added: what is young, and not shown yet, is
	 * at the end. */
	struct handle *h =
		s->handles ? ELMT_FROM_HH(s->handles->hh.tbl, s->handles->hh.tbl->tail) : NULL;

	for (; h && !h->shown; h = h->hh.prev) {
		if (h->opened > before)
			continue;
		h->shown = true;
		fn(arg, h);
	}
}

void handles_hide(struct state *s)
{
	struct handle *h, *tmp;

	HASH_ITER (hh, s->handles, h, tmp) {
		h->shown = false;
	}
	s->closed_count = 0;
}

void handles_each(struct state *s, void (*fn)(void *arg, struct handle *h), void *arg)
{
	struct handle *h, *tmp;

	HASH_ITER (hh, s->handles, h, tmp) {
		fn(arg, h);
	}
}

bool handle_names(struct state *s, uint64_t ino)
{
	struct handle *h, *tmp;

	HASH_ITER (hh, s->handles, h, tmp) {
		if (h->ino == ino && (h->flags & O_TMPFILE) == O_TMPFILE) {
			h->flags &= ~(uint32_t)O_TMPFILE;
			return true;
		}
	}
	return false;
}

bool handle_writes(struct state *s, uint64_t ino)
{
	struct handle *h, *tmp;

	HASH_ITER (hh, s->handles, h, tmp) {
		if (h->ino == ino && (h->flags & O_ACCMODE) != O_RDONLY)
			return true;
	}
	return false;
}
