#pragma once

#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "journal/ring.h"
#include "suite.h"

/* Rings in files of a test's own, and records that can be told apart. */

#define SIZE 4096

/* A journal of this test alone; ring_suite_main() removes what a failed test leaves. */
static inline const char *test_uuid(char uuid[64])
{
	snprintf(uuid, 64, "unit-%d-%d", (int)getppid(), (int)getpid());
	return uuid;
}

/* A file named by the user, so that the places of real journals are left alone. */
static inline void ring_path(const char *uuid, char *path, size_t size)
{
	snprintf(path, size, "/tmp/thulefs-%s.journal", uuid);
}

static inline struct ring *open_key(const struct ring_key *key, size_t size, struct error *err)
{
	char path[256];
	struct ring_wish wish = {.path = path, .size = size};

	ring_path(key->uuid, path, sizeof(path));
	return ring_open(key, &wish, err);
}

static inline struct ring *open_at(const char *uuid, size_t size, struct error *err)
{
	struct ring_key key = {.system = 7, .database = 5, .server = "/data"};

	snprintf(key.uuid, sizeof(key.uuid), "%.39s", uuid);
	return open_key(&key, size, err);
}

static inline struct ring *open_ring(const char *uuid, size_t size)
{
	struct error err;
	struct ring *ring = open_at(uuid, size, &err);

	ck_assert_msg(ring != NULL, "%s", err.text);
	ck_assert_uint_eq(ring_size(ring), size);
	return ring;
}

/* A record: its size, as the ring wants it, and bytes that tell records apart. */
static inline void put_record(char *p, uint32_t n, uint64_t op)
{
	for (uint32_t i = 0; i < n; i++)
		p[i] = (char)(op * 31 + i);
	memcpy(p, &n, sizeof(n));
}

static inline void check_record(const char *p, uint32_t n, uint64_t op)
{
	uint32_t size;

	memcpy(&size, p, sizeof(size));
	ck_assert_uint_eq(size, n);
	for (uint32_t i = sizeof(size); i < n; i++)
		if (p[i] != (char)(op * 31 + i))
			ck_abort_msg("op %lu has wrong bytes at %u", (unsigned long)op, i);
}

static inline void push(struct ring *ring, uint32_t n, uint64_t op)
{
	char *p;

	ck_assert(ring_fits(ring, n));
	p = ring_reserve(ring, n);
	ck_assert_uint_eq((uintptr_t)p % 8, 0);
	put_record(p, n, op);
	ring_push(ring, n, op);
}

/* What must be in a ring. */
struct queue {
	uint32_t size[SIZE / 8];
	uint64_t op[SIZE / 8];
	size_t count;
	uint64_t last_op; /* pushed */
	uint64_t bytes;
};

/* Walks all of the ring; returns the position after `take` records. */
static inline uint64_t check_content(const struct ring *ring, const struct queue *q, size_t take)
{
	uint64_t pos = ring_tail(ring), after = pos;
	const char *at;
	size_t avail, n = 0;

	while ((at = ring_at(ring, &pos, &avail))) {
		ck_assert_uint_lt(n, q->count);
		ck_assert_uint_ge(avail, q->size[n]);
		check_record(at, q->size[n], q->op[n]);
		pos += q->size[n];
		if (++n == take)
			after = pos;
	}
	ck_assert_uint_eq(n, q->count);
	ck_assert_int_eq(ring_empty(ring), q->count == 0);
	ck_assert_uint_eq(ring_head_op(ring), q->last_op);
	ck_assert_uint_ge(ring_used(ring), q->bytes);
	return after;
}

/* Runs the tests that add() adds, and removes the journals that failed tests leave. */
static inline int ring_suite_main(const char *name, void (*add)(TCase *tc))
{
	int failed = suite_main(name, add);
	char pattern[256], uuid[64];
	glob_t left = {0};

	snprintf(uuid, sizeof(uuid), "unit-%d-*", (int)getpid());
	ring_path(uuid, pattern, sizeof(pattern));
	if (glob(pattern, 0, NULL, &left) == 0)
		for (size_t i = 0; i < left.gl_pathc; i++)
			unlink(left.gl_pathv[i]);
	globfree(&left);
	return failed;
}
