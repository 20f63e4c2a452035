#pragma once

#include <stddef.h>
#include <stdint.h>

/* Bytes that belong to another object: a view, never freed. */
struct bytes {
	const void *data;
	uint32_t len;
};

/* A buffer of bytes that grows at its end. Zero-initialised, it is empty. Running out of memory
 * aborts. */
struct buf {
	char *data;
	size_t len, cap;
};

/* Returns room for n more bytes, not yet counted in len; valid until the next call. */
char *buf_reserve(struct buf *b, size_t n);
void buf_add(struct buf *b, const void *data, size_t n);
void buf_reset(struct buf *b); /* empty, keeps the memory unless it is large */
void buf_free(struct buf *b);

/* Append an integer in network order, as PostgreSQL's binary formats have them. */
void buf_add_i16(struct buf *b, int16_t v);
void buf_add_i32(struct buf *b, int32_t v);
void buf_add_i64(struct buf *b, int64_t v);

/* These abort when there is no memory: an overlay that lost a change could do nothing sensible. */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
void *xmemdup(const void *p, size_t n);
