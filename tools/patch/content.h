#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "past.h"

/* What a patch compares at most, in bytes; two files of that size are in memory at a time. */
#define CONTENT_MAX (16 << 20)

/* The bytes of one side of a change. Zero-initialised, they are those of a file that is not there.
 */
struct content {
	struct buf bytes;
	bool large; /* there are more than CONTENT_MAX, and none of them was read */
};

/* Reads a regular file of so many bytes as of an op. Returns false with *err set. */
bool content_read(struct content *c, struct past *p, const char *ino, const char *op, uint64_t size,
	struct error *err);

/* Says whether the bytes are of lines that people read: there is no zero among them. */
bool content_is_text(const struct content *c);

/* Says whether both were read and are the same. */
bool content_same(const struct content *a, const struct content *b);

void content_free(struct content *c);
