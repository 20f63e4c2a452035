/*
 * What was done to a file's bytes and is not committed, against a file that is an array: random
 * writes and cuts, commits at any point, and reads in between.
 */
#include <string.h>
#include <sys/stat.h>

#include "state/state.h"
#include "suite.h"

#define FILE_SIZE 2048

static struct inode *add_inode(struct state *s, uint64_t ino, uint32_t mode, uint64_t size)
{
	struct inode_attr attr = {.ino = ino, .mode = mode, .nlink = 1, .size = size};
	return inode_add(s, &attr, (struct bytes){0});
}

/* What a reader must see, and what the database has of it so far. */
struct file_model {
	char now[FILE_SIZE], committed[FILE_SIZE];
	char *data[4096]; /* of op i; NULL: a cut */
	uint64_t off[4096], len[4096];
	bool is_write[4096];
	uint64_t ops, done;
};

static void model_apply(const struct file_model *m, char *bytes, uint64_t op)
{
	uint64_t end = m->len[op] < FILE_SIZE - m->off[op] ? m->off[op] + m->len[op] : FILE_SIZE;

	if (m->data[op])
		memcpy(bytes + m->off[op], m->data[op], end - m->off[op]);
	else
		memset(bytes + m->off[op], 0, end - m->off[op]);
}

static void model_change(struct file_model *m, struct rng *rng, struct inode *inode)
{
	uint64_t op = ++m->ops, off = rng_below(rng, FILE_SIZE);
	struct pending p = {.op = op, .off = off};

	m->off[op] = off;
	m->is_write[op] = false;
	if (rng_below(rng, 5)) {
		m->len[op] = p.len = 1 + rng_below(rng, FILE_SIZE - off);
		m->data[op] = malloc(p.len);
		rng_fill(rng, m->data[op], p.len);
		p.data = m->data[op];
		m->is_write[op] = true;
	} else {
		p.kind = PENDING_CUT;
		p.len = rng_below(rng, 2) ? INT64_MAX - off : 1 + rng_below(rng, FILE_SIZE - off);
		m->len[op] = p.len;
	}
	model_apply(m, m->now, op);
	pending_add(inode, p);
}

static void model_commit(struct file_model *m, struct rng *rng, struct inode *inode)
{
	uint64_t to = m->done + rng_below(rng, m->ops - m->done + 1);

	for (; m->done < to; free(m->data[m->done]))
		model_apply(m, m->committed, ++m->done);
	pending_drop(inode, to);
	ck_assert_uint_eq(inode->pending_count, m->ops - to);
}

/* Reads as op/read.c does; returns whether it went without the database. */
static bool model_read(const struct file_model *m, struct rng *rng, const struct inode *inode)
{
	uint64_t off = rng_below(rng, FILE_SIZE), len = 1 + rng_below(rng, FILE_SIZE - off);
	bool base = pending_needs_base(inode, off, len);
	char buf[FILE_SIZE] = "";

	if (base)
		memcpy(buf, m->committed + off, len);
	pending_overlay(inode, buf, off, len);
	ck_assert_mem_eq(buf, m->now + off, len);
	return !base;
}

/* Where the file has bytes: where the database has some, less what was cut, and what was written.
 */
static void model_ranges(const struct file_model *m, const struct inode *inode, uint64_t size)
{
	struct ranges data = {0};
	bool in[FILE_SIZE] = {0};

	/* Of what is committed, the database has bytes where it was last written. */
	for (uint64_t i = 0; i < size; i++)
		in[i] = true;
	for (uint64_t op = 1; op <= m->ops; op++) {
		for (uint64_t i = m->off[op]; i < FILE_SIZE && i - m->off[op] < m->len[op]; i++)
			in[i] = m->is_write[op];
		if (op != m->done)
			continue;
		for (uint64_t i = 0; i < FILE_SIZE; i++)
			if (in[i])
				ranges_add(&data, i, i + 1);
	}
	if (!m->done)
		ranges_add(&data, 0, size);
	pending_ranges(inode, &data);
	for (uint64_t i = 0; i < FILE_SIZE; i++)
		if (in[i] != (ranges_next_in(&data, i) == i))
			ck_abort_msg("byte %lu", (unsigned long)i);
	ranges_free(&data);
}

START_TEST(pending_model)
{
	struct rng rng = {(uint64_t)_i};
	struct file_model *m = calloc(1, sizeof(*m));
	uint64_t size = rng_below(&rng, FILE_SIZE), alone = 0;
	struct inode *inode;
	struct state s;

	state_init(&s, &(struct state_limits){100, 1 << 20, 1 << 20});
	inode = add_inode(&s, 20, S_IFREG, size);
	rng_fill(&rng, m->committed, size);
	memcpy(m->now, m->committed, FILE_SIZE);
	for (int i = 0; i < 3000; i++) {
		if (rng_below(&rng, 3) == 0)
			model_change(m, &rng, inode);
		if (rng_below(&rng, 12) == 0)
			model_commit(m, &rng, inode);
		alone += model_read(m, &rng, inode);
		if (i % 32 == 0)
			model_ranges(m, inode, size);
	}
	ck_assert_uint_gt(alone, 100); /* the question is worth asking */
	while (m->done < m->ops)
		model_commit(m, &rng, inode);
	ck_assert_ptr_null(inode->pending);
	state_free(&s);
	free(m);
}
END_TEST

/* What was copied from elsewhere is not known before it is committed. */
START_TEST(pending_of_a_copy)
{
	struct inode *inode;
	char buf[4] = "base";
	struct state s;

	state_init(&s, &(struct state_limits){100, 1 << 20, 1 << 20});
	inode = add_inode(&s, 20, S_IFREG, 100);
	pending_add(inode, (struct pending){5, 40, 20, NULL, PENDING_CUT});
	pending_add(inode, (struct pending){6, 40, 20, NULL, PENDING_SHARE});
	ck_assert(pending_shared(inode, 59, 1) && pending_shared(inode, 0, 41));
	ck_assert(!pending_shared(inode, 60, 10) && !pending_shared(inode, 30, 10));
	ck_assert(!pending_shared(inode, 50, 0));
	ck_assert_uint_eq(pending_first(inode, 59, 10), 59);
	ck_assert_uint_eq(pending_first(inode, 30, 20), 40);
	ck_assert_uint_eq(pending_first(inode, 60, 10), 70);
	ck_assert(pending_needs_base(inode, 0, 50));
	pending_drop(inode, 5);
	pending_overlay(inode, buf, 40, 4);
	ck_assert_mem_eq(buf, "base", 4);
	/* Past the end of what the database had. */
	pending_add(inode, (struct pending){7, 100, 50, NULL, PENDING_SHARE});
	pending_drop(inode, 7);
	ck_assert_uint_eq(pending_first(inode, 0, 1000), 1000);
	ck_assert(pending_needs_base(inode, 149, 1));
	ck_assert(!pending_needs_base(inode, 150, 1));
	state_free(&s);
}
END_TEST

START_TEST(blocks)
{
	struct inode_attr attr = {0};

	allocated_write(&attr, 0, 100);
	attr.size = 100;
	ck_assert_uint_eq(attr.allocated, 100);
	allocated_write(&attr, 50, 10);
	ck_assert_uint_eq(attr.allocated, 100);
	allocated_write(&attr, 90, 30);
	attr.size = 120;
	ck_assert_uint_eq(attr.allocated, 120);
	allocated_cut(&attr, 20, 50, 0);
	ck_assert_uint_eq(attr.allocated, 90);
	/* It may be the same hole, so it stays what it may be. */
	allocated_cut(&attr, 20, 50, 0);
	ck_assert_uint_eq(attr.allocated, 90);
	allocated_cut(&attr, 10, 60, 0);
	ck_assert_uint_eq(attr.allocated, 70);
	attr.size = 1000;
	allocated_write(&attr, 2000, 10);
	ck_assert_uint_eq(attr.allocated, 80);
	attr.size = 2010;
	allocated_cut(&attr, 0, 100, 30);
	ck_assert_uint_eq(attr.allocated, 50);
	allocated_cut(&attr, 0, 2010, 0);
	ck_assert_uint_eq(attr.allocated, 0);
}
END_TEST

START_TEST(pending_base)
{
	struct inode *inode;
	struct state s;

	state_init(&s, &(struct state_limits){100, 1 << 20, 1 << 20});
	inode = add_inode(&s, 20, S_IFREG, 100);
	ck_assert(pending_needs_base(inode, 0, 1));
	ck_assert(pending_needs_base(inode, 99, 1000));
	ck_assert(!pending_needs_base(inode, 100, 1000));
	pending_add(inode, (struct pending){5, 40, 20, "twenty bytes of data", PENDING_WRITE});
	ck_assert(!pending_needs_base(inode, 40, 20));
	ck_assert(pending_needs_base(inode, 39, 20));
	ck_assert(pending_needs_base(inode, 41, 20));
	pending_add(inode, (struct pending){6, 10, INT64_MAX - 10, NULL, PENDING_CUT});
	ck_assert(!pending_needs_base(inode, 10, 90));
	ck_assert(pending_needs_base(inode, 9, 2));
	/* The write before the cut is committed: the database has its bytes until the cut is, too.
	 */
	pending_drop(inode, 5);
	ck_assert(!pending_needs_base(inode, 40, 20));
	ck_assert_uint_eq(inode->dropped_op, 5);
	pending_drop(inode, 6);
	ck_assert(pending_needs_base(inode, 0, 10));
	ck_assert_ptr_null(inode->pending);
	state_free(&s);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, pending_model, 0, 6);
	tcase_add_test(tc, pending_base);
	tcase_add_test(tc, pending_of_a_copy);
	tcase_add_test(tc, blocks);
}

int main(void)
{
	return suite_main("pending", add_tests);
}
