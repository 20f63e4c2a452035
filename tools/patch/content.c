#include "patch/content.h"

#include <string.h>

static bool gather(void *arg, const char *data, size_t len, struct error *err)
{
	(void)err;
	buf_add(arg, data, len);
	return true;
}

bool content_read(struct content *c, struct past *p, const char *ino, const char *op, uint64_t size,
	struct error *err)
{
	c->large = size > CONTENT_MAX;
	return c->large || past_read_as_of(p, ino, op, 0, size, gather, &c->bytes, err);
}

bool content_is_text(const struct content *c)
{
	return !c->bytes.len || !memchr(c->bytes.data, 0, c->bytes.len);
}

bool content_same(const struct content *a, const struct content *b)
{
	return !a->large && !b->large && a->bytes.len == b->bytes.len &&
	       (!a->bytes.len || !memcmp(a->bytes.data, b->bytes.data, a->bytes.len));
}

void content_free(struct content *c)
{
	buf_free(&c->bytes);
}
