/* The ring of the journal: content across wraps, crashes and refusals. */
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal/ring.h"
#include "suite.h"

#define SIZE 4096
#define MIB  (1 << 20)
#define LEFT (MIB / 8 * 3) /* of each record that a dead process left */

/* A journal of this test alone; main() removes what a failed test leaves. */
static const char *test_uuid(char uuid[64])
{
	snprintf(uuid, 64, "unit-%d-%d", (int)getppid(), (int)getpid());
	return uuid;
}

/* A file named by the user, so that the places of real journals are left alone. */
static void ring_path(const char *uuid, char *path, size_t size)
{
	snprintf(path, size, "/tmp/thulefs-%s.journal", uuid);
}

static bool peek_at(const char *uuid, struct ring_peek *peek, struct error *err)
{
	char path[256];

	ring_path(uuid, path, sizeof(path));
	return ring_peek(path, peek, err);
}

static struct ring *open_key(const struct ring_key *key, size_t size, struct error *err)
{
	char path[256];
	struct ring_wish wish = {path, size};

	ring_path(key->uuid, path, sizeof(path));
	return ring_open(key, &wish, err);
}

static struct ring *open_at(const char *uuid, size_t size, struct error *err)
{
	struct ring_key key = {.system = 7, .database = 5, .server = "/data"};

	snprintf(key.uuid, sizeof(key.uuid), "%s", uuid);
	return open_key(&key, size, err);
}

static struct ring *open_ring(const char *uuid, size_t size)
{
	struct error err;
	struct ring *ring = open_at(uuid, size, &err);

	ck_assert_msg(ring != NULL, "%s", err.text);
	ck_assert_uint_eq(ring_size(ring), size);
	return ring;
}

/* A record: its size, as the ring wants it, and bytes that tell records apart. */
static void put_record(char *p, uint32_t n, uint64_t op)
{
	for (uint32_t i = 0; i < n; i++)
		p[i] = (char)(op * 31 + i);
	memcpy(p, &n, sizeof(n));
}

static void check_record(const char *p, uint32_t n, uint64_t op)
{
	uint32_t size;

	memcpy(&size, p, sizeof(size));
	ck_assert_uint_eq(size, n);
	for (uint32_t i = sizeof(size); i < n; i++)
		if (p[i] != (char)(op * 31 + i))
			ck_abort_msg("op %lu has wrong bytes at %u", (unsigned long)op, i);
}

static void push(struct ring *ring, uint32_t n, uint64_t op)
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
static uint64_t check_content(const struct ring *ring, const struct queue *q, size_t take)
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

/* Runs `child` in a process that dies without closing anything. Returns its pid. */
static pid_t die_after(void (*child)(const char *uuid), const char *uuid)
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		child(uuid);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return pid;
}

/* Leaves ops 102 and 103, the second of them at the beginning, as it did not fit at the end. */
static void leave_two(const char *uuid)
{
	struct ring *ring = open_at(uuid, MIB, NULL);

	if (!ring)
		_exit(1);
	ring_begin(ring, 7, 99, 0);
	for (uint64_t op = 100; op <= 103; op++) {
		put_record(ring_reserve(ring, LEFT), LEFT, op);
		ring_push(ring, LEFT, op);
		if (op == 101)
			ring_release(ring, 2 * LEFT, op, 0);
	}
}

START_TEST(survives_a_crash)
{
	struct queue q = {{LEFT, LEFT}, {102, 103}, 2, 103, 2 * LEFT};
	struct ring_peek peek;
	struct error err;
	struct ring *ring;
	char uuid[64];
	pid_t pid = die_after(leave_two, test_uuid(uuid));

	ck_assert(peek_at(uuid, &peek, &err));
	ck_assert_uint_eq(peek.head_op, 103);
	ck_assert_uint_eq(peek.tail_op, 101);
	ck_assert_uint_eq(peek.mount, 7);
	ck_assert_int_eq(peek.pid, pid);
	ck_assert_uint_eq(peek.bytes_size, MIB);
	ck_assert_uint_eq(peek.bytes_used, 2 * LEFT + MIB - 2 * LEFT); /* with the skipped end */

	/* Its size is its own, whatever the new daemon would have liked. */
	ring = open_at(uuid, 2 * MIB, &err);
	ck_assert_msg(ring != NULL, "%s", err.text);
	ck_assert_uint_eq(ring_size(ring), MIB);
	ck_assert_uint_eq(ring_mount(ring), 7);
	ck_assert_uint_eq(ring_tail_op(ring), 101);
	check_content(ring, &q, 0);
	/* Closing does not lose it either. */
	ring_close(ring);
	ring = open_ring(uuid, MIB);
	ring_release(ring, check_content(ring, &q, 2), 103, 0);
	ck_assert(peek_at(uuid, &peek, &err));
	ck_assert_int_eq(peek.pid, getpid());
	ck_assert_uint_eq(peek.tail_op, 103);
	ring_close(ring);
	ck_assert(!peek_at(uuid, &peek, &err));
	ck_assert_int_eq(err.class, ERR_NOT_FOUND);
}
END_TEST

static void leave_empty(const char *uuid)
{
	if (!open_at(uuid, MIB, NULL))
		_exit(1);
}

START_TEST(empty_is_made_anew)
{
	struct ring *ring;
	char uuid[64];

	die_after(leave_empty, test_uuid(uuid));
	ring = open_ring(uuid, 2 * MIB);
	ck_assert(ring_empty(ring));
	ck_assert_uint_eq(ring_tail(ring), 0);
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

/* Opens a journal whose file was changed; it must be refused and left as it is. */
static void refuse(const char *uuid, enum error_class class)
{
	struct stat before, after;
	struct error err;
	char path[256];

	ring_path(uuid, path, sizeof(path));
	ck_assert_int_eq(stat(path, &before), 0);
	ck_assert_ptr_null(open_at(uuid, SIZE, &err));
	ck_assert_msg(err.class == class, "class %d: %s", err.class, err.text);
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert_int_eq(after.st_size, before.st_size);
	unlink(path);
}

static void overwrite(const char *uuid, const void *data, size_t len, off_t off)
{
	char path[256];
	int fd;

	ring_path(uuid, path, sizeof(path));
	fd = open(path, O_RDWR);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, data, len, off), (ssize_t)len);
	close(fd);
}

START_TEST(newer_version_is_refused)
{
	uint32_t version = 4;
	char uuid[64];

	die_after(leave_two, test_uuid(uuid));
	overwrite(uuid, &version, sizeof(version), 8);
	refuse(uuid, ERR_VERSION);
	/* Also when it is empty: the newer program may mean something else by that. */
	die_after(leave_empty, uuid);
	overwrite(uuid, &version, sizeof(version), 8);
	refuse(uuid, ERR_VERSION);
}
END_TEST

START_TEST(older_version_is_refused_unless_empty)
{
	uint32_t version = 1;
	char uuid[64];
	struct error err;
	struct ring *ring;

	die_after(leave_two, test_uuid(uuid));
	overwrite(uuid, &version, sizeof(version), 8);
	refuse(uuid, ERR_VERSION);
	die_after(leave_empty, uuid);
	overwrite(uuid, &version, sizeof(version), 8);
	ring = open_at(uuid, SIZE, &err);
	ck_assert_ptr_nonnull(ring);
	ring_close(ring);
}
END_TEST

START_TEST(truncated_is_refused)
{
	char uuid[64], path[256];

	ring_path(test_uuid(uuid), path, sizeof(path));
	die_after(leave_two, uuid);
	ck_assert_int_eq(truncate(path, MIB / 2), 0);
	refuse(uuid, ERR_CORRUPT);
	die_after(leave_two, uuid);
	ck_assert_int_eq(truncate(path, SIZE + MIB - 1), 0);
	refuse(uuid, ERR_CORRUPT);
}
END_TEST

/* Made by a daemon that died before it had written the header: nothing was acknowledged. */
START_TEST(unfinished_is_made_anew)
{
	char uuid[64], path[256];
	struct ring_peek peek;
	struct error err;
	int fd;

	ring_path(test_uuid(uuid), path, sizeof(path));
	fd = open(path, O_RDWR | O_CREAT, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert(!peek_at(uuid, &peek, &err));
	ck_assert_int_eq(err.class, ERR_CORRUPT);
	ring_close(open_ring(uuid, SIZE));
	ck_assert_int_eq(access(path, F_OK), -1);
	close(fd);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	ck_assert_int_eq(ftruncate(fd, 3 * SIZE), 0);
	close(fd);
	ring_close(open_ring(uuid, SIZE));
}
END_TEST

START_TEST(no_link_is_followed)
{
	char uuid[64], path[256];
	struct ring_peek peek;

	ring_path(test_uuid(uuid), path, sizeof(path));
	ck_assert_int_eq(symlink("/dev/null", path), 0);
	ck_assert_ptr_null(open_at(uuid, SIZE, NULL));
	ck_assert(!peek_at(uuid, &peek, NULL));
	unlink(path);
}
END_TEST

/* Of the same filesystem, in another database. */
START_TEST(another_database_is_refused)
{
	struct ring_key key = {.system = 7, .database = 6, .server = "/data"};
	struct error err;
	struct ring *ring;
	char uuid[64];

	snprintf(key.uuid, sizeof(key.uuid), "%.39s", test_uuid(uuid));
	die_after(leave_two, key.uuid);
	ck_assert_ptr_null(open_key(&key, SIZE, &err));
	ck_assert_int_eq(err.class, ERR_BUSY);
	key.database = 5;
	key.system = 8;
	ck_assert_ptr_null(open_key(&key, SIZE, &err));
	/* The place of a server may change, and the file was named. */
	key.system = 7;
	snprintf(key.server, sizeof(key.server), "/elsewhere");
	ring = open_key(&key, SIZE, &err);
	ck_assert_msg(ring != NULL, "%s", err.text);
	ring_release(ring, ring_head(ring), 103, 0);
	ring_close(ring);
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

/* Removed by others, it is made again with the same content, at the same addresses. */
START_TEST(removed_is_made_again)
{
	struct queue q = {{LEFT, LEFT}, {102, 103}, 2, 103, 2 * LEFT};
	struct ring_key key = {0};
	struct ring_remake *remake;
	char uuid[64], path[256];
	const void *before;
	struct ring *ring;
	struct error err;
	uint64_t pos;
	size_t avail;

	die_after(leave_two, test_uuid(uuid));
	ring_path(uuid, path, sizeof(path));
	ring = open_ring(uuid, MIB);
	pos = ring_tail(ring);
	before = ring_at(ring, &pos, &avail);
	ck_assert(ring_intact(path, ring_fd(ring)));
	unlink(path);
	ck_assert(!ring_intact(path, ring_fd(ring)));
	remake = ring_remake_begin(&key, path, MIB, &err);
	ck_assert_msg(remake != NULL, "%s", err.text);
	ck_assert_msg(ring_remake_end(ring, remake, &err), "%s", err.text);
	ck_assert(ring_intact(path, ring_fd(ring)));
	pos = ring_tail(ring);
	ck_assert_ptr_eq(ring_at(ring, &pos, &avail), before);
	check_content(ring, &q, 0);
	/* It is in use, and outlives its daemon. */
	ck_assert_ptr_null(open_at(uuid, MIB, &err));
	ring_close(ring);
	ring = open_ring(uuid, MIB);
	ring_release(ring, check_content(ring, &q, 2), 103, 0);
	ring_close(ring);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, model, 0, 10);
	tcase_add_test(tc, wraps_everywhere);
	tcase_add_test(tc, full);
	tcase_add_test(tc, reserve_alone_is_nothing);
	tcase_add_test(tc, survives_a_crash);
	tcase_add_test(tc, empty_is_made_anew);
	tcase_add_test(tc, second_open_is_refused);
	tcase_add_test(tc, newer_version_is_refused);
	tcase_add_test(tc, older_version_is_refused_unless_empty);
	tcase_add_test(tc, truncated_is_refused);
	tcase_add_test(tc, unfinished_is_made_anew);
	tcase_add_test(tc, no_link_is_followed);
	tcase_add_test(tc, another_database_is_refused);
	tcase_add_test(tc, names_tell_copies_apart);
	tcase_add_test(tc, removed_is_made_again);
}

int main(void)
{
	int failed = suite_main("ring", add_tests);
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
