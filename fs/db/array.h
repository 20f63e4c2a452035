#pragma once

#include <stdint.h>

#include "base/buf.h"

/*
 * One-dimensional PostgreSQL arrays in binary format (src/backend/utils/adt/arrayfuncs.c,
 * array_recv), built element by element: the parameters of a set-based statement, a column each.
 */
enum array_type {
	ARRAY_BOOL = 16,
	ARRAY_INT2 = 21,
	ARRAY_INT4 = 23,
	ARRAY_INT8 = 20,
	ARRAY_TEXT = 25,
	ARRAY_BYTEA = 17,
	ARRAY_TIMESTAMPTZ = 1184,
};

/* Bytes before the first element: ndim, has-null flag, element type, then length and lower bound of
 * the one dimension. */
#define ARRAY_HEADER 20

struct array {
	enum array_type type; /* of the elements; its number is the type's OID */
	int32_t count;
	struct buf buf;
};

void array_init(struct array *a, enum array_type type);
void array_reset(struct array *a);
void array_free(struct array *a);

void array_add_null(struct array *a);
void array_add_int(struct array *a, int64_t v);   /* BOOL, INT2, INT4, INT8: must fit */
void array_add_time(struct array *a, int64_t us); /* microseconds since the Unix epoch */
void array_add_bytes(struct array *a, const void *data, size_t len); /* TEXT, BYTEA */

/* Adds an element of BYTEA to be written in place: returns room for len bytes, valid until the next
 * call. */
char *array_add_room(struct array *a, size_t len);

/* Takes the element at *at of an array in binary format: returns its bytes and sets *len, or
 * returns NULL when it is null; *at is behind it then. */
const char *array_take(const char **at, int *len);

/* Completes the header and returns the parameter's bytes, valid until the next change. */
const char *array_param(struct array *a, int *len);
