#include "db/array.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#include "base/clock.h"

void array_init(struct array *a, enum array_type type)
{
	*a = (struct array){.type = type};
	array_reset(a);
}

void array_reset(struct array *a)
{
	buf_reset(&a->buf);
	a->count = 0;
	memset(buf_reserve(&a->buf, ARRAY_HEADER), 0, ARRAY_HEADER);
	a->buf.len = ARRAY_HEADER;
}

void array_free(struct array *a)
{
	buf_free(&a->buf);
}

void array_add_null(struct array *a)
{
	buf_add_i32(&a->buf, -1);
	a->count++;
}

void array_add_int(struct array *a, int64_t v)
{
	char bit = v != 0;

	switch (a->type) {
	case ARRAY_BOOL:
		buf_add_i32(&a->buf, 1);
		buf_add(&a->buf, &bit, 1);
		break;
	case ARRAY_INT2:
		assert(v == (int16_t)v);
		buf_add_i32(&a->buf, 2);
		buf_add_i16(&a->buf, v);
		break;
	case ARRAY_INT4:
		buf_add_i32(&a->buf, 4);
		buf_add_i32(&a->buf, v);
		break;
	default:
		assert(a->type == ARRAY_INT8);
		buf_add_i32(&a->buf, 8);
		buf_add_i64(&a->buf, v);
	}
	a->count++;
}

void array_add_time(struct array *a, int64_t us)
{
	assert(a->type == ARRAY_TIMESTAMPTZ);
	buf_add_i32(&a->buf, 8);
	buf_add_i64(&a->buf, us - PG_EPOCH_US);
	a->count++;
}

char *array_add_room(struct array *a, size_t len)
{
	char *room;
	buf_add_i32(&a->buf, (int32_t)len);
	room = buf_reserve(&a->buf, len);
	a->buf.len += len;
	a->count++;
	return room;
}

void array_add_bytes(struct array *a, const void *data, size_t len)
{
	char *room = array_add_room(a, len);
	if (len)
		memcpy(room, data, len);
}

const char *array_take(const char **at, int *len)
{
	const char *data;
	uint32_t be;

	memcpy(&be, *at, sizeof(be));
	data = *at + sizeof(be);
	*len = (int)be32toh(be);
	*at = data + (*len > 0 ? *len : 0);
	return *len < 0 ? NULL : data;
}

const char *array_param(struct array *a, int *len)
{
	uint32_t head[5] = {
		htobe32(a->count > 0), htobe32(1), htobe32(a->type), htobe32(a->count), htobe32(1)};
	/* An empty array has no dimensions, and then its bytes end after the element type. */
	memcpy(a->buf.data, head, ARRAY_HEADER);
	*len = a->count ? (int)a->buf.len : 12;
	return a->buf.data;
}
