/* Damaged journals: headers with positions and sizes that cannot be, and records that look whole
 * and say what no op does. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "journal/record.h"
#include "journal/ring_impl.h"
#include "rings.h"

#define MIB (1 << 20)

static const struct ring_key key = {.system = 7, .database = 5, .server = "/data"};

/* Leaves a journal with an op, whose header is changed by `spoil`. */
static void leave(const char *uuid, void (*spoil)(struct header *h))
{
	struct ring *ring = open_ring(uuid, MIB);

	ring_begin(ring, 7, 99, 0);
	push(ring, 64, 100);
	spoil(ring->h);
	/* Without ring_close(), which would look whether it is empty. */
	munmap(ring->h, HEADER_SIZE + MIB);
	close(ring->fd);
	free(ring);
}

static void no_size(struct header *h)
{
	h->size = 0;
}

static void odd_size(struct header *h)
{
	h->size = MIB - 4;
}

static void huge_size(struct header *h)
{
	h->size = UINT64_MAX - 4095;
}

static void odd_head(struct header *h)
{
	h->head += 3;
}

static void far_head(struct header *h)
{
	h->head += MIB;
}

static void head_behind_tail(struct header *h)
{
	h->tail = h->head + 8;
}

static void no_magic(struct header *h)
{
	h->magic ^= 1;
}

static void (*const spoils[])(struct header *h) = {
	no_size, odd_size, huge_size, odd_head, far_head, head_behind_tail, no_magic};

START_TEST(damaged_header_is_refused)
{
	struct ring_key own = key;
	char uuid[64], path[256];
	struct error err;
	struct stat before, after;

	leave(test_uuid(uuid), spoils[_i]);
	snprintf(own.uuid, sizeof(own.uuid), "%.39s", uuid);
	ring_path(uuid, path, sizeof(path));
	ck_assert_int_eq(stat(path, &before), 0);
	ck_assert_ptr_null(ring_view(path, &err));
	ck_assert_ptr_nonnull(strstr(err.text, path));
	ck_assert_ptr_null(open_key(&own, MIB, &err));
	ck_assert_msg(strstr(err.text, "name") != NULL, "%s", err.text);
	/* What is in it is left for whoever can read it. */
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert_int_eq(before.st_ino, after.st_ino);
	ck_assert_int_eq(before.st_size, after.st_size);
	unlink(path);
}
END_TEST

static struct record some(enum change_type type)
{
	struct record r = {.op = 20, .kind = OP_WRITE, .ino = 7, .change_count = 1};

	r.changes[0].type = type;
	return r;
}

START_TEST(impossible_records)
{
	struct record r = some(CHANGE_INODE);

	ck_assert(record_is_possible(&r));
	r.kind = OP_KIND_MAX + 1;
	ck_assert(!record_is_possible(&r));
	r = some(CHANGE_INODE);
	r.changes[0].inode.attr.mode = 0200000;
	ck_assert(!record_is_possible(&r));
	r = some(CHANGE_INODE);
	r.changes[0].inode.attr.nlink = UINT32_MAX;
	ck_assert(!record_is_possible(&r));
	r = some(CHANGE_EXTENT);
	r.changes[0].extent.off = INT64_MAX;
	r.changes[0].extent.data = (struct bytes){"x", 1};
	ck_assert(!record_is_possible(&r));
	r = some(CHANGE_CUT);
	r.changes[0].extent.len = INT64_MAX;
	ck_assert(record_is_possible(&r));
	r.changes[0].extent.off = 1;
	ck_assert(!record_is_possible(&r));
	r = some(CHANGE_DIRENT);
	ck_assert(!record_is_possible(&r));
	r.changes[0].dirent.name = (struct bytes){"a", 1};
	ck_assert(record_is_possible(&r));
	r.at = INT64_MIN;
	ck_assert(!record_is_possible(&r));
}
END_TEST

START_TEST(impossible_shares)
{
	struct share s = {.off = 4096, .len = 4096, .blob = 7};
	struct record r = some(CHANGE_SHARE);

	r.changes[0].extent.data = (struct bytes){&s, sizeof(s)};
	ck_assert(record_is_possible(&r));
	r.changes[0].extent.data.len--;
	ck_assert(!record_is_possible(&r));
	r.changes[0].extent.data.len++;
	s.len = EXTENT_MAX + 1;
	ck_assert(!record_is_possible(&r));
	s.len = 1;
	s.off = INT64_MAX;
	ck_assert(!record_is_possible(&r));
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, damaged_header_is_refused, 0, sizeof(spoils) / sizeof(spoils[0]));
	tcase_add_test(tc, impossible_records);
	tcase_add_test(tc, impossible_shares);
}

int main(void)
{
	return ring_suite_main("damage", add_tests);
}
