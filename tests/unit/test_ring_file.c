/* The file of a ring: what a crash leaves in it, and files that are refused. */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal/record.h"
#include "journal/ring_impl.h"
#include "rings.h"

#define MIB  (1 << 20)
#define LEFT (MIB / 8 * 3) /* of each record that a dead process left */

static bool peek_at(const char *uuid, struct ring_peek *peek, struct error *err)
{
	char path[256];

	ring_path(uuid, path, sizeof(path));
	return ring_peek(path, peek, err);
}

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
	uint32_t version = RING_VERSION + 1;
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

static void *push_sealed(struct ring *ring, uint64_t op)
{
	struct record r = {.op = op, .ino = 5, .kind = OP_CHMOD, .off = -1, .len = -1};
	size_t size = record_size(&r);
	void *at = ring_reserve(ring, size);

	record_encode(&r, at, NULL);
	record_seal(at);
	ring_push(ring, size, op);
	return at;
}

static struct ring *open_durable(const char *uuid)
{
	struct ring_key key = {.system = 7, .database = 5, .server = "/data"};
	char path[256];
	struct ring_wish wish = {.path = path, .size = MIB, .durable = true};
	struct error err;
	struct ring *ring;

	snprintf(key.uuid, sizeof(key.uuid), "%.39s", uuid);
	ring_path(uuid, path, sizeof(path));
	ring = ring_open(&key, &wish, &err);
	ck_assert_msg(ring != NULL, "%s", err.text);
	return ring;
}

static void flush(struct ring *ring, bool release)
{
	struct ring_mark mark;
	struct error err;

	ring_mark(ring, release, &mark);
	ck_assert_msg(ring_flush(ring, &mark, &err), "%s", err.text);
}

/* The host has gone down since, and only its log is left: of what is mapped the disk has nothing
 * but what was flushed when its daemon began. */
static void go_down(struct ring *ring, const char *uuid)
{
	static const uint64_t nothing[2];

	ring->h->boot_id[0] ^= 1;
	memset(ring->data, 0xaa, ring->size);
	ring_close(ring);
	overwrite(uuid, nothing, sizeof(nothing), offsetof(struct header, head));
}

/* Opens what is left, and returns the last op of that. */
static uint64_t left(const char *uuid)
{
	struct ring_peek peek;
	struct error err;
	struct ring *ring;
	uint64_t last;

	ck_assert(peek_at(uuid, &peek, &err));
	ring = open_durable(uuid);
	last = ring_head_op(ring);
	ck_assert_uint_eq(peek.head_op, last);
	ck_assert_uint_eq(peek.bytes_used, ring_used(ring));
	ring_release(ring, ring_head(ring), last, 0);
	ring_close(ring);
	return last;
}

/* Leaves three records as of a host that has gone down since, one of them spoilt on the disk.
 * Returns the last op that is left of them. */
static uint64_t left_of_three(const char *uuid, uint64_t spoilt)
{
	struct ring *ring = open_durable(uuid);
	uint64_t pos = ring_head(ring);

	ring_begin(ring, 7, 100, 0);
	flush(ring, true);
	for (uint64_t op = 101; op <= 103; op++) {
		push_sealed(ring, op);
		flush(ring, false);
		if (op < spoilt)
			pos = ring_head(ring);
	}
	if (spoilt)
		overwrite(uuid, "spoilt", 6,
			ring_file_size(MIB, false) + HEADER_SIZE + (off_t)pos + 20);
	go_down(ring, uuid);
	return left(uuid);
}

START_TEST(what_no_disk_has_is_cut_off)
{
	char uuid[64];

	test_uuid(uuid);
	ck_assert_uint_eq(left_of_three(uuid, 0), 103);
	ck_assert_uint_eq(left_of_three(uuid, 103), 102);
	ck_assert_uint_eq(left_of_three(uuid, 102), 101);
	ck_assert_uint_eq(left_of_three(uuid, 101), 100);
}
END_TEST

/* What was pushed, by turns of the ring, with flushes between and room that is used again: after
 * each flush the disk has all up to that. */
START_TEST(the_log_has_what_was_flushed)
{
	char uuid[64];
	struct ring *ring;
	uint64_t op, turns = (uint64_t)_i;

	test_uuid(uuid);
	ring = open_durable(uuid);
	ring_begin(ring, 7, 100, 0);
	flush(ring, true);
	for (op = 101; ring_head(ring) < turns * MIB / 3; op++) {
		if (!ring_fits(ring, 4096)) {
			ring_release(ring, ring_head(ring), op - 1, 0);
			ck_assert(!ring_fits(ring, 4096));
			flush(ring, true);
		}
		push_sealed(ring, op);
		if (op % 101 == 0)
			flush(ring, false);
	}
	flush(ring, false);
	/* Ops that are no records of the ring, and after them one. */
	if (turns % 2) {
		ring_release(ring, ring_head(ring), op - 1, 0);
		op += 50;
		ring_begin(ring, 8, op - 1, 0);
		push_sealed(ring, op++);
		flush(ring, false);
	}
	push_sealed(ring, op); /* not flushed */
	go_down(ring, uuid);
	ck_assert_uint_eq(left(uuid), op - 1);
}
END_TEST

/* A host that is up has all of it, whatever the disk has. */
START_TEST(who_is_killed_loses_nothing)
{
	char uuid[64];
	struct ring *ring;

	test_uuid(uuid);
	ring = open_durable(uuid);
	ring_begin(ring, 7, 100, 0);
	flush(ring, true);
	for (uint64_t op = 101; op <= 103; op++)
		push_sealed(ring, op);
	ring_close(ring);
	ck_assert_uint_eq(left(uuid), 103);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, what_no_disk_has_is_cut_off);
	tcase_add_loop_test(tc, the_log_has_what_was_flushed, 0, 7);
	tcase_add_test(tc, who_is_killed_loses_nothing);
	tcase_add_test(tc, survives_a_crash);
	tcase_add_test(tc, empty_is_made_anew);
	tcase_add_test(tc, newer_version_is_refused);
	tcase_add_test(tc, older_version_is_refused_unless_empty);
	tcase_add_test(tc, truncated_is_refused);
	tcase_add_test(tc, unfinished_is_made_anew);
	tcase_add_test(tc, no_link_is_followed);
	tcase_add_test(tc, another_database_is_refused);
	tcase_add_test(tc, removed_is_made_again);
}

int main(void)
{
	return ring_suite_main("ring_file", add_tests);
}
