#pragma once

#include <stddef.h>
#include <stdint.h>

/* Bytes that belong to someone else. */
struct bytes {
	const void *data;
	uint32_t len;
};

/* Bytes that grow at the end. Zero-initialised is empty. Running out of memory aborts. */
struct buf {
	char *data;
	size_t len, cap;
};

/* Room for n more bytes, not yet counted in len. Valid until the next call. */
char *buf_reserve(struct buf *b, size_t n);
void buf_add(struct buf *b, const void *data, size_t n);
void buf_reset(struct buf *b); /* empty, keeps the memory unless it is large */
void buf_free(struct buf *b);

/* Integers in network order, as PostgreSQL's binary formats have them. */
void buf_add_i16(struct buf *b, int16_t v);
void buf_add_i32(struct buf *b, int32_t v);
void buf_add_i64(struct buf *b, int64_t v);

/* malloc family that aborts when there is no memory: nothing sensible can be done in an overlay. */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
void *xmemdup(const void *p, size_t n);
