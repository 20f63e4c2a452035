#include "base/buf.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_MAX (1 << 20)

static void *checked(void *p, size_t n)
{
	if (!p && n) {
		fprintf(stderr, "out of memory (%zu bytes)\n", n);
		abort();
	}
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	return checked(calloc(n, size), n * size);
}

void *xrealloc(void *p, size_t size)
{
	return checked(realloc(p, size), size);
}

void *xmemdup(const void *p, size_t n)
{
	void *copy = checked(malloc(n ? n : 1), n);
	if (n)
		memcpy(copy, p, n);
	return copy;
}

char *buf_reserve(struct buf *b, size_t n)
{
	if (b->cap - b->len < n) {
		size_t cap = b->cap ? b->cap : 256;
		while (cap - b->len < n)
			cap *= 2;
		b->data = xrealloc(b->data, cap);
		b->cap = cap;
	}
	return b->data + b->len;
}

void buf_add(struct buf *b, const void *data, size_t n)
{
	if (!n)
		return;
	memcpy(buf_reserve(b, n), data, n);
	b->len += n;
}

void buf_reset(struct buf *b)
{
	if (b->cap > KEEP_MAX)
		buf_free(b);
	b->len = 0;
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){0};
}

void buf_add_i16(struct buf *b, int16_t v)
{
	uint16_t be = htobe16((uint16_t)v);
	buf_add(b, &be, sizeof(be));
}

void buf_add_i32(struct buf *b, int32_t v)
{
	uint32_t be = htobe32((uint32_t)v);
	buf_add(b, &be, sizeof(be));
}

void buf_add_i64(struct buf *b, int64_t v)
{
	uint64_t be = htobe64((uint64_t)v);
	buf_add(b, &be, sizeof(be));
}
