/* The codec of journal records: what goes in comes out, and nothing else is taken for a record. */
#include <string.h>

#include "journal/record.h"
#include "suite.h"

#define POOL (4 << 10)

/* Where fields of the stored head are: what a journal of an earlier program has. */
enum { AT_SIZE = 0, AT_NAME_LEN = 80, AT_CHANGE_COUNT = 84, HEAD_SIZE = 96 };

/* Random bytes that names and data of a record are taken from. */
struct source {
	struct rng rng;
	char pool[POOL];
};

static void source_init(struct source *s, int seed)
{
	s->rng.state = (uint64_t)seed;
	rng_fill(&s->rng, s->pool, sizeof(s->pool));
}

static struct bytes some_bytes(struct source *s, uint32_t len)
{
	return (struct bytes){s->pool + rng_below(&s->rng, POOL - len), len};
}

static struct bytes some_name(struct source *s)
{
	static const uint32_t lens[] = {0, 1, 7, 8, 9, 254, 255};
	uint64_t n = rng_below(&s->rng, 10);

	return some_bytes(s, n < 7 ? lens[n] : (uint32_t)rng_below(&s->rng, 256));
}

static void fill_change(struct source *s, struct change *e, enum change_type type)
{
	struct rng *rng = &s->rng;

	e->type = type;
	e->flags = (unsigned int)rng_below(rng, 8);
	switch (type) {
	case CHANGE_ACTOR:
		rng_fill(rng, &e->actor, offsetof(struct actor_image, text));
		for (int i = 0; i < ACTOR_TEXTS; i++)
			e->actor.text[i] = some_name(s);
		break;
	case CHANGE_INODE:
		rng_fill(rng, &e->inode.attr, sizeof(e->inode.attr));
		e->inode.target = some_name(s);
		break;
	case CHANGE_INODE_GONE:
		e->gone = rng_next(rng);
		break;
	case CHANGE_DIRENT:
	case CHANGE_DIRENT_GONE:
		e->dirent.parent = rng_next(rng);
		e->dirent.ino = rng_next(rng);
		e->dirent.cookie = rng_next(rng);
		e->dirent.name = some_name(s);
		break;
	case CHANGE_EXTENT:
	case CHANGE_CUT:
	case CHANGE_SHARE:
		e->extent.ino = rng_next(rng);
		e->extent.off = rng_next(rng);
		e->extent.len = rng_next(rng);
		e->extent.data = type == CHANGE_CUT ? (struct bytes){0} : some_name(s);
		break;
	case CHANGE_ATIME:
		e->atime.ino = rng_next(rng);
		e->atime.ns = (int64_t)rng_next(rng);
		break;
	case CHANGE_XATTR:
	case CHANGE_XATTR_GONE:
		e->xattr.ino = rng_next(rng);
		e->xattr.name = some_name(s);
		e->xattr.value = type == CHANGE_XATTR ? some_name(s) : (struct bytes){0};
		break;
	}
}

static const enum change_type change_types[] = {CHANGE_ACTOR, CHANGE_INODE, CHANGE_INODE_GONE,
	CHANGE_DIRENT, CHANGE_DIRENT_GONE, CHANGE_EXTENT, CHANGE_CUT, CHANGE_SHARE, CHANGE_XATTR,
	CHANGE_XATTR_GONE, CHANGE_ATIME};
#define CHANGE_TYPES (sizeof(change_types) / sizeof(change_types[0]))

/* A record of `count` changes, beginning with one of the types. */
static void fill_record(struct source *s, struct record *r, unsigned int count, int first)
{
	memset(r, 0, sizeof(*r));
	r->op = rng_next(&s->rng);
	r->unique = rng_next(&s->rng);
	r->at = (int64_t)rng_next(&s->rng);
	r->actor = rng_next(&s->rng);
	r->ino = rng_next(&s->rng);
	r->parent = rng_next(&s->rng);
	r->new_parent = rng_next(&s->rng);
	r->off = (int64_t)rng_next(&s->rng);
	r->len = (int64_t)rng_next(&s->rng);
	r->kind = (uint16_t)rng_next(&s->rng);
	r->result = (int16_t)rng_next(&s->rng);
	r->name = some_name(s);
	r->new_name = some_name(s);
	r->tag = some_name(s);
	r->flags = (unsigned int)rng_below(&s->rng, 256);
	r->change_count = count;
	for (unsigned int i = 0; i < count; i++)
		fill_change(s, &r->changes[i], change_types[(first + i) % CHANGE_TYPES]);
}

static void assert_bytes(struct bytes a, struct bytes b)
{
	ck_assert_uint_eq(a.len, b.len);
	if (a.len)
		ck_assert_mem_eq(a.data, b.data, a.len);
}

static void assert_change(const struct change *a, const struct change *b)
{
	ck_assert_int_eq(a->type, b->type);
	ck_assert_uint_eq(a->flags, b->flags);
	switch (a->type) {
	case CHANGE_ACTOR:
		ck_assert_mem_eq(&a->actor, &b->actor, offsetof(struct actor_image, text));
		for (int i = 0; i < ACTOR_TEXTS; i++)
			assert_bytes(a->actor.text[i], b->actor.text[i]);
		break;
	case CHANGE_INODE:
		ck_assert_mem_eq(&a->inode.attr, &b->inode.attr, sizeof(a->inode.attr));
		assert_bytes(a->inode.target, b->inode.target);
		break;
	case CHANGE_INODE_GONE:
		ck_assert_uint_eq(a->gone, b->gone);
		break;
	case CHANGE_DIRENT:
	case CHANGE_DIRENT_GONE:
		ck_assert_uint_eq(a->dirent.parent, b->dirent.parent);
		ck_assert_uint_eq(a->dirent.ino, b->dirent.ino);
		ck_assert_uint_eq(a->dirent.cookie, b->dirent.cookie);
		assert_bytes(a->dirent.name, b->dirent.name);
		break;
	case CHANGE_EXTENT:
	case CHANGE_CUT:
	case CHANGE_SHARE:
		ck_assert_uint_eq(a->extent.ino, b->extent.ino);
		ck_assert_uint_eq(a->extent.off, b->extent.off);
		ck_assert_uint_eq(a->extent.len, b->extent.len);
		assert_bytes(a->extent.data, b->extent.data);
		break;
	case CHANGE_ATIME:
		ck_assert_uint_eq(a->atime.ino, b->atime.ino);
		ck_assert_int_eq(a->atime.ns, b->atime.ns);
		break;
	case CHANGE_XATTR:
	case CHANGE_XATTR_GONE:
		ck_assert_uint_eq(a->xattr.ino, b->xattr.ino);
		assert_bytes(a->xattr.name, b->xattr.name);
		assert_bytes(a->xattr.value, b->xattr.value);
		break;
	}
}

static void assert_record(const struct record *a, const struct record *b)
{
	ck_assert_uint_eq(a->op, b->op);
	ck_assert_uint_eq(a->unique, b->unique);
	ck_assert_int_eq(a->at, b->at);
	ck_assert_uint_eq(a->actor, b->actor);
	ck_assert_uint_eq(a->ino, b->ino);
	ck_assert_uint_eq(a->parent, b->parent);
	ck_assert_uint_eq(a->new_parent, b->new_parent);
	ck_assert_int_eq(a->off, b->off);
	ck_assert_int_eq(a->len, b->len);
	ck_assert_uint_eq(a->kind, b->kind);
	ck_assert_int_eq(a->result, b->result);
	assert_bytes(a->name, b->name);
	assert_bytes(a->new_name, b->new_name);
	assert_bytes(a->tag, b->tag);
	ck_assert_uint_eq(a->flags, b->flags);
	ck_assert_uint_eq(a->change_count, b->change_count);
	for (unsigned int i = 0; i < a->change_count; i++)
		assert_change(&a->changes[i], &b->changes[i]);
}

/* Encodes r into memory of exactly its size, for the sanitizer, which was filled with `fill`. */
static char *encode(const struct record *r, int fill, const void **data_at)
{
	size_t size = record_size(r);
	char *buf = malloc(size);

	ck_assert_uint_eq(size % 8, 0);
	memset(buf, fill, size);
	record_encode(r, buf, data_at);
	return buf;
}

/* Decodes a copy of the first `avail` bytes that has exactly that size. */
static size_t decode_copy(const char *buf, size_t avail)
{
	char *copy = malloc(avail ? avail : 1);
	struct record r;
	size_t n;

	memcpy(copy, buf, avail);
	if (!avail)
		copy = realloc(copy, 1);
	n = record_decode(copy, avail, &r);
	/* What was taken for a record is one: it is as long as its parts are, and they are inside.
	 */
	if (n) {
		char *again = malloc(n);
		ck_assert_uint_le(n, avail);
		ck_assert_uint_eq(record_size(&r), n);
		record_encode(&r, again, NULL);
		free(again);
	}
	free(copy);
	return n;
}

START_TEST(round_trip)
{
	struct record in, out;
	struct source s;

	source_init(&s, _i);
	for (int type = 0; type < (int)CHANGE_TYPES; type++) {
		char *a, *b;
		fill_record(&s, &in, (unsigned int)_i % (RECORD_MAX_CHANGES + 1), type);
		a = encode(&in, 0xaa, NULL);
		b = encode(&in, 0x55, NULL);
		ck_assert_mem_eq(a, b, record_size(&in));
		ck_assert_uint_eq(record_decode(a, record_size(&in), &out), record_size(&in));
		assert_record(&in, &out);
		free(a);
		free(b);
	}
}
END_TEST

/* Whichever bit changes. Those of its sum may come to be none, which a record of version 0.2 has.
 */
START_TEST(sealed_records_notice_each_bit)
{
	struct record in, out;
	struct source s;
	size_t size;
	char *buf;

	source_init(&s, 3);
	fill_record(&s, &in, 2, 0);
	size = record_size(&in);
	buf = encode(&in, 0, NULL);
	record_seal(buf);
	ck_assert_uint_eq(record_decode(buf, size, &out), size);
	for (size_t bit = 0; bit < size * 8; bit++) {
		buf[bit / 8] ^= (char)(1 << bit % 8);
		ck_assert_msg(!record_decode(buf, size, &out), "bit %zu of %zu", bit, size * 8);
		buf[bit / 8] ^= (char)(1 << bit % 8);
	}
	free(buf);
}
END_TEST

/* In a ring other bytes follow. */
START_TEST(more_follows)
{
	struct record in, out;
	struct source s;
	size_t size;
	char *buf;

	source_init(&s, 1);
	fill_record(&s, &in, CHANGE_TYPES, 0);
	size = record_size(&in);
	buf = realloc(encode(&in, 0, NULL), size + 4096);
	memset(buf + size, 0xff, 4096);
	ck_assert_uint_eq(record_decode(buf, size + 4096, &out), size);
	assert_record(&in, &out);
	free(buf);
}
END_TEST

START_TEST(large_data)
{
	uint32_t len = 1 << 20;
	char *data = malloc(len), *buf;
	const void *at = NULL;
	struct record in = {.op = 20, .kind = OP_WRITE, .change_count = 2}, out;
	struct rng rng = {7};

	rng_fill(&rng, data, len);
	in.changes[0].type = CHANGE_EXTENT;
	in.changes[0].extent.ino = 17;
	in.changes[0].extent.data = (struct bytes){data, len};
	in.changes[1].type = CHANGE_INODE;
	ck_assert_uint_le(record_size(&in), len + 512);
	buf = encode(&in, 0, &at);
	ck_assert((const char *)at >= buf);
	ck_assert((const char *)at + len <= buf + record_size(&in));
	ck_assert_mem_eq(at, data, len);
	ck_assert_uint_eq(record_decode(buf, record_size(&in), &out), record_size(&in));
	ck_assert_ptr_eq(out.changes[0].extent.data.data, at);
	assert_record(&in, &out);
	free(buf);
	free(data);
}
END_TEST

/* A cut has no bytes: data_at stays with the extent's, or as it was. */
START_TEST(cut_has_no_data)
{
	struct record in = {.op = 20, .kind = OP_TRUNCATE, .change_count = 1};
	const void *at = &in, *data;
	char *buf;

	in.changes[0].type = CHANGE_CUT;
	free(encode(&in, 0, &at));
	ck_assert_ptr_eq(at, &in);
	in.change_count = 2;
	in.changes[1] = in.changes[0];
	in.changes[0].type = CHANGE_EXTENT;
	in.changes[0].extent.data = (struct bytes){"data", 4};
	buf = encode(&in, 0, &data);
	ck_assert_mem_eq(data, "data", 4);
	free(buf);
}
END_TEST

START_TEST(truncated)
{
	struct record in;
	struct source s;
	size_t size;
	char *buf;

	source_init(&s, _i);
	fill_record(&s, &in, (unsigned int)_i % (RECORD_MAX_CHANGES + 1), _i % CHANGE_TYPES);
	size = record_size(&in);
	buf = encode(&in, 0, NULL);
	for (size_t len = 0; len < size; len++)
		ck_assert_uint_eq(decode_copy(buf, len), 0);
	ck_assert_uint_eq(decode_copy(buf, size), size);
	free(buf);
}
END_TEST

START_TEST(corrupted)
{
	struct record in;
	struct source s;
	size_t size, taken = 0;
	char *buf;

	source_init(&s, _i);
	fill_record(&s, &in, 1 + (unsigned int)_i % RECORD_MAX_CHANGES, _i % CHANGE_TYPES);
	size = record_size(&in);
	buf = encode(&in, 0, NULL);
	for (int round = 0; round < 2000; round++) {
		uint64_t flips = 1 + rng_below(&s.rng, 4);
		char *bad = malloc(size);
		memcpy(bad, buf, size);
		/* Half of them in the heads, where lengths are. */
		for (; flips; flips--)
			bad[rng_below(&s.rng, round % 2 ? size : HEAD_SIZE + 16)] ^=
				(char)(1 << rng_below(&s.rng, 8));
		taken += decode_copy(bad, size) > 0;
		free(bad);
	}
	ck_assert_uint_lt(taken, 2000);
	free(buf);
}
END_TEST

static void refuse_patched(const struct record *in, size_t at, uint32_t value, size_t more)
{
	size_t size = record_size(in);
	char *buf = realloc(encode(in, 0, NULL), size + more);

	memset(buf + size, 0, more);
	memcpy(buf + at, &value, sizeof(value));
	ck_assert_msg(decode_copy(buf, size + more) == 0, "taken with %u at %zu", value, at);
	free(buf);
}

START_TEST(wrong_sizes)
{
	struct record in = {.op = 20, .kind = OP_WRITE, .change_count = 1};
	uint32_t size, type, change = HEAD_SIZE;

	in.changes[0].type = CHANGE_EXTENT;
	in.changes[0].extent.data = (struct bytes){"sixteen bytes it", 16};
	size = (uint32_t)record_size(&in);
	for (uint32_t n = 0; n < size + 128; n++)
		if (n != size)
			refuse_patched(&in, AT_SIZE, n, 128);
	refuse_patched(&in, AT_SIZE, UINT32_MAX, 128);
	for (uint32_t n = 0; n < 128; n++)
		if (n != size - HEAD_SIZE)
			refuse_patched(&in, change + 4, n, 128);
	/* The length of the data: 13 to 20 would be as long with its padding, the rest is not. */
	refuse_patched(&in, change + 32, 8, 0);
	refuse_patched(&in, change + 32, 24, 0);
	refuse_patched(&in, change + 32, UINT32_MAX, 0);
	refuse_patched(&in, AT_NAME_LEN, 1, 0);
	refuse_patched(&in, AT_NAME_LEN, 0xffff0000, 0);
	/* Those from DIRENT on are three numbers and bytes, too. */
	for (type = 0; type < 12; type++)
		if (type < CHANGE_DIRENT || type > CHANGE_SHARE)
			refuse_patched(&in, change, type, 0);
}
END_TEST

START_TEST(too_many_changes)
{
	struct record in = {.op = 20, .kind = OP_WRITE, .change_count = RECORD_MAX_CHANGES};
	static const uint32_t counts[] = {
		0, RECORD_MAX_CHANGES - 1, RECORD_MAX_CHANGES + 1, 255, 65536, UINT32_MAX};

	for (int i = 0; i < RECORD_MAX_CHANGES; i++)
		in.changes[i].type = CHANGE_INODE_GONE;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		refuse_patched(&in, AT_CHANGE_COUNT, counts[i], 256);
}
END_TEST

/* A journal outlives the program that wrote it: these bytes must stay what they are. */
START_TEST(stored_bytes)
{
	static const unsigned char expected[] = {0x98, 0, 0, 0, 6, 0, 0xfe, 0xff, 20, 0, 0, 0, 0, 0,
		0, 0, 21, 0, 0, 0, 0, 0, 0, 0, 22, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0, 0, 0, 0, 0, 24,
		0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 0, 0, 0, 0, 26, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 28, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 2,
		0, 0, 0, 0, 0, 0, 0, 0, 'n', 0, 0, 0, 0, 0, 0, 0, 't', 'g', 0, 0, 0, 0, 0, 0, 5, 0,
		3, 0, 40, 0, 0, 0, 25, 0, 0, 0, 0, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 0, 0,
		0, 0, 0, 1, 0, 0, 0, 'n', 0, 0, 0};
	struct record in = {.kind = OP_UNLINK,
		.result = -2,
		.op = 20,
		.unique = 21,
		.at = 22,
		.actor = 23,
		.ino = 24,
		.parent = 25,
		.new_parent = 26,
		.off = -1,
		.len = 28,
		.name = {"n", 1},
		.tag = {"tg", 2},
		.flags = RECORD_DEFERRED,
		.change_count = 1};
	char *buf;

	in.changes[0].type = CHANGE_DIRENT_GONE;
	in.changes[0].flags = 3;
	in.changes[0].dirent.parent = 25;
	in.changes[0].dirent.ino = 24;
	in.changes[0].dirent.cookie = 40;
	in.changes[0].dirent.name = in.name;
	ck_assert_uint_eq(record_size(&in), sizeof(expected));
	buf = encode(&in, 0xaa, NULL);
	ck_assert_mem_eq(buf, expected, sizeof(expected));
	free(buf);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, round_trip, 0, 200);
	tcase_add_test(tc, more_follows);
	tcase_add_test(tc, sealed_records_notice_each_bit);
	tcase_add_test(tc, large_data);
	tcase_add_test(tc, cut_has_no_data);
	tcase_add_loop_test(tc, truncated, 0, 26);
	tcase_add_loop_test(tc, corrupted, 0, 26);
	tcase_add_test(tc, wrong_sizes);
	tcase_add_test(tc, too_many_changes);
	tcase_add_test(tc, stored_bytes);
}

int main(void)
{
	return suite_main("record", add_tests);
}
