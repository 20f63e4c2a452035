/* The ring of the journal: its content across wraps, and its name. */
#include <string.h>

#include "rings.h"

static void queue_push(struct queue *q, uint32_t n)
{
	q->size[q->count] = n;
	q->op[q->count++] = ++q->last_op;
	q->bytes += n;
}

static void queue_take(struct queue *q, size_t n)
{
	for (size_t i = 0; i < n; i++)
		q->bytes -= q->size[i];
	q->count -= n;
	memmove(q->size, q->size + n, q->count * sizeof(q->size[0]));
	memmove(q->op, q->op + n, q->count * sizeof(q->op[0]));
}

START_TEST(model)
{
	/* Small ones fill the ring with many, large ones leave gaps at its end. */
	uint32_t largest = _i % 2 ? 64 : SIZE / 2, pushed = 0, full = 0;
	struct queue q = {.last_op = 99};
	struct rng rng = {(uint64_t)_i};
	struct ring *ring;
	char uuid[64];

	ring = open_ring(test_uuid(uuid), SIZE);
	ring_begin(ring, 3, 99, 0);
	for (int round = 0; round < 4000; round++) {
		uint32_t n = 8 * (1 + (uint32_t)rng_below(&rng, largest / 8));
		size_t take = q.count ? 1 + rng_below(&rng, q.count) : 0;
		if (ring_fits(ring, n)) {
			push(ring, n, q.last_op + 1);
			queue_push(&q, n);
			pushed++;
		} else {
			/* At most the ring's end before the wrap is lost. */
			ck_assert_uint_gt(ring_used(ring) + 2 * n, SIZE);
			full++;
		}
		ck_assert_uint_le(ring_used(ring), SIZE);
		if (take && rng_below(&rng, _i % 2 ? 100 : 4) == 0) {
			uint64_t pos = check_content(ring, &q, take), op = q.op[take - 1];
			ring_release(ring, pos, op, 0);
			ck_assert_uint_eq(ring_tail_op(ring), op);
			queue_take(&q, take);
		}
	}
	ck_assert_uint_gt(pushed, 500);
	ck_assert_uint_gt(full, 10);
	ring_release(ring, check_content(ring, &q, q.count), q.last_op, 0);
	ck_assert_uint_eq(ring_used(ring), 0);
	ring_close(ring);
}
END_TEST

/* A record that just fits, is 8 bytes too long, or ends at the end, from every place in the ring.
 */
START_TEST(wraps_everywhere)
{
	char uuid[64];

	test_uuid(uuid);
	for (uint32_t start = 8; start <= SIZE; start += 8) {
		uint32_t left = start == SIZE ? SIZE : SIZE - start;
		uint32_t sizes[] = {8, 24, left - 8, left, left + 8, SIZE / 2};
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			struct queue q = {.last_op = 1};
			struct ring *ring;
			if (!sizes[i] || sizes[i] > (left > SIZE / 2 ? left : SIZE / 2))
				continue;
			ring = open_ring(uuid, SIZE);
			push(ring, start, 1);
			ring_release(ring, ring_tail(ring) + start, 1, 0);
			push(ring, sizes[i], 2);
			queue_push(&q, sizes[i]);
			if (ring_fits(ring, 16)) {
				push(ring, 16, 3);
				queue_push(&q, 16);
			}
			ring_release(ring, check_content(ring, &q, q.count), q.last_op, 0);
			ck_assert_uint_eq(ring_used(ring), 0);
			ring_close(ring);
		}
	}
}
END_TEST

START_TEST(full)
{
	struct queue q = {0};
	struct ring *ring;
	char uuid[64];

	ring = open_ring(test_uuid(uuid), SIZE);
	ck_assert(ring_fits(ring, SIZE));
	ck_assert(!ring_fits(ring, SIZE + 8));
	while (ring_fits(ring, 64)) {
		push(ring, 64, q.last_op + 1);
		queue_push(&q, 64);
	}
	/* To the last byte: the head stands where the tail does. */
	ck_assert_uint_eq(ring_used(ring), SIZE);
	ck_assert(!ring_fits(ring, 8));
	ring_release(ring, check_content(ring, &q, 1), 1, 0);
	queue_take(&q, 1);
	ck_assert(ring_fits(ring, 64));
	ck_assert(!ring_fits(ring, 72));
	ring_release(ring, check_content(ring, &q, q.count), q.last_op, 0);
	ring_close(ring);
}
END_TEST

/* Reserved and not pushed: nothing has happened. */
START_TEST(reserve_alone_is_nothing)
{
	struct queue q = {.last_op = 5};
	struct ring *ring;
	char uuid[64];

	ring = open_ring(test_uuid(uuid), SIZE);
	ring_begin(ring, 1, 5, 0);
	memset(ring_reserve(ring, 64), 0xff, 64);
	check_content(ring, &q, 0);
	ck_assert_uint_eq(ring_used(ring), 0);
	push(ring, 32, 6);
	queue_push(&q, 32);
	ring_release(ring, check_content(ring, &q, 1), 6, 0);
	ring_close(ring);
}
END_TEST

START_TEST(second_open_is_refused)
{
	struct ring *ring;
	struct error err;
	char uuid[64];

	ring = open_ring(test_uuid(uuid), SIZE);
	push(ring, 64, 1);
	ck_assert_ptr_null(open_at(uuid, SIZE, &err));
	ck_assert_int_eq(err.class, ERR_BUSY);
	/* The refused one has changed nothing. */
	ck_assert_uint_eq(ring_used(ring), 64);
	ring_release(ring, 64, 1, 0);
	ring_close(ring);
	ring_close(open_ring(uuid, SIZE));
}
END_TEST

START_TEST(names_tell_copies_apart)
{
	struct ring_key key = {"12345678-1234-1234-1234-123456789abc", 7, 5, "/data"}, other = key;
	char name[RING_FILE_MAX], again[RING_FILE_MAX];

	ring_file_name(&key, name);
	ring_file_name(&other, again);
	ck_assert_str_eq(name, again);
	ck_assert_ptr_nonnull(strstr(name, key.uuid));
	other.system = 8;
	ring_file_name(&other, again);
	ck_assert_str_ne(name, again);
	other = key;
	other.database = 6;
	ring_file_name(&other, again);
	ck_assert_str_ne(name, again);
	other = key;
	strcpy(other.server, "/copy");
	ring_file_name(&other, again);
	ck_assert_str_ne(name, again);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, model, 0, 10);
	tcase_add_test(tc, wraps_everywhere);
	tcase_add_test(tc, full);
	tcase_add_test(tc, reserve_alone_is_nothing);
	tcase_add_test(tc, second_open_is_refused);
	tcase_add_test(tc, names_tell_copies_apart);
}

int main(void)
{
	return ring_suite_main("ring", add_tests);
}
