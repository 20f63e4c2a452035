/* The overlay: bytes that are not committed, names in the order of their cookies, what is evicted.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "state/state.h"
#include "suite.h"

#define NAMES 300

static struct bytes name_of(const char *text)
{
	return (struct bytes){text, (uint32_t)strlen(text)};
}

static struct inode *add_inode(struct state *s, uint64_t ino, uint32_t mode, uint64_t size)
{
	struct inode_attr attr = {.ino = ino, .mode = mode, .nlink = 1, .size = size};
	return inode_add(s, &attr, (struct bytes){0});
}

/* A directory's names, by number; cookie 0: not there. */
struct dir_model {
	uint64_t cookie[NAMES];
	bool dropped[NAMES]; /* from the overlay only */
};

static void check_walk(const struct dir_index *index, const struct dir_model *m, uint64_t from)
{
	uint64_t last = from;
	size_t seen = 0, expected = 0;

	for (size_t i = dir_seek(index, from); i < index->count; i++) {
		const struct dir_slot *slot = &index->slots[i];
		if (!slot->node)
			continue;
		if (slot->cookie <= last || slot->cookie != slot->node->cookie ||
			slot->cookie != m->cookie[atoi(slot->node->name)])
			ck_abort_msg("cookie %lu", (unsigned long)slot->cookie);
		last = slot->cookie;
		seen++;
	}
	for (int i = 0; i < NAMES; i++)
		expected += m->cookie[i] > from && !m->dropped[i];
	ck_assert_uint_eq(seen, expected);
}

static void change_name(struct state *s, struct inode *dir, struct dir_model *m, int n,
	uint64_t *next_cookie, uint64_t what)
{
	char text[16];
	struct bytes name;
	struct dirent_node *d;

	snprintf(text, sizeof(text), "%d", n);
	name = name_of(text);
	d = dirent_find(s, dir->ino, name);
	ck_assert_int_eq(d && d->ino, m->cookie[n] && !m->dropped[n]);
	if (d && what == 0) {
		dirent_drop(s, d);
		ck_assert(!m->cookie[n] || !dir->dir->complete);
		m->dropped[n] = m->cookie[n] != 0;
	} else if (m->dropped[n]) { /* the database still has it, at the same place */
		dirent_set(s, dir, name, 100 + n, m->cookie[n], S_IFREG);
		m->dropped[n] = false;
	} else if (m->cookie[n] && what < 4) {
		dirent_set(s, dir, name, 0, 0, 0);
		m->cookie[n] = 0;
	} else {
		m->cookie[n] = *next_cookie += 1 + what % 3;
		dirent_set(s, dir, name, 100 + n, m->cookie[n], S_IFREG | 0644);
	}
}

/* Adds, removes, replaces, evicts and loads again; a reader who stopped anywhere can go on. */
START_TEST(directory_model)
{
	struct rng rng = {(uint64_t)_i};
	struct dir_model m = {0};
	uint64_t next_cookie = 32;
	struct inode *dir;
	struct state s;

	state_init(&s, &(struct state_limits){100, 1 << 20, 1 << 20});
	dir = add_inode(&s, 1, S_IFDIR, 4096);
	for (int i = 0; i < 4000; i++) {
		/* Full in the beginning, sparse in the end: indexes are compacted. */
		int n = (int)rng_below(&rng, i % 1000 < 700 ? NAMES : 10 + NAMES / 10);
		change_name(&s, dir, &m, n, &next_cookie, rng_below(&rng, 8));
		if (i % 8 == 0)
			check_walk(dir->dir, &m, rng_below(&rng, next_cookie + 4));
	}
	check_walk(dir->dir, &m, 0);
	state_free(&s);
}
END_TEST

START_TEST(directory_compacts)
{
	struct dir_model m = {0};
	uint64_t next_cookie = 32;
	struct inode *dir;
	struct state s;

	state_init(&s, &(struct state_limits){100, 1 << 20, 1 << 20});
	dir = add_inode(&s, 1, S_IFDIR, 4096);
	for (int n = 0; n < NAMES; n++)
		change_name(&s, dir, &m, n, &next_cookie, 7);
	for (int n = 0; n < NAMES; n++)
		if (n % 10)
			change_name(&s, dir, &m, n, &next_cookie, 1);
	ck_assert_uint_eq(dir->dir->live, NAMES / 10);
	ck_assert_uint_lt(dir->dir->count, NAMES / 2);
	for (uint64_t from = 0; from < next_cookie + 2; from++)
		check_walk(dir->dir, &m, from);
	state_free(&s);
}
END_TEST

START_TEST(dropping_a_name_makes_incomplete)
{
	struct inode *dir;
	struct state s;

	state_init(&s, &(struct state_limits){100, 1 << 20, 1 << 20});
	dir = add_inode(&s, 1, S_IFDIR, 4096);
	dirent_set(&s, dir, name_of("here"), 20, 32, S_IFREG);
	dirent_set(&s, dir, name_of("not"), 0, 0, 0);
	dir_known(dir->dir, 0, UINT64_MAX);
	ck_assert_uint_eq(dir->dir->names, 2);
	/* Forgetting that a name does not exist loses nothing in a complete directory. */
	dirent_drop(&s, dirent_find(&s, 1, name_of("not")));
	ck_assert(dir->dir->complete);
	dirent_drop(&s, dirent_find(&s, 1, name_of("here")));
	ck_assert(!dir->dir->complete);
	ck_assert_uint_eq(dir->dir->names, 0);
	ck_assert_ptr_null(dirent_find(&s, 1, name_of("here")));
	state_free(&s);
}
END_TEST

/* A name that was evicted and is loaded again has the cookie that it had, and can then be removed.
 */
/* What is known of a directory that is read page by page, while names come and go. */
START_TEST(known_ranges)
{
	struct dir_index index = {0};
	struct dir_index *x = &index;
	struct inode *dir;
	struct state s;

	dir_known(x, 0, 50);
	ck_assert(!x->complete && x->from == 0 && x->upto == 50);
	dir_known(x, 50, 90);
	ck_assert(!x->complete && x->from == 0 && x->upto == 90);
	/* An answer that was asked for earlier takes nothing away. */
	dir_known(x, 0, 50);
	ck_assert(x->from == 0 && x->upto == 90);
	dir_known(x, 90, UINT64_MAX);
	ck_assert(x->complete);
	/* One from elsewhere is on its own. */
	dir_unknown(x);
	dir_known(x, 200, 300);
	ck_assert(!x->complete && x->from == 200 && x->upto == 300);
	dir_known(x, 400, UINT64_MAX);
	ck_assert(!x->complete && x->from == 400 && x->upto == UINT64_MAX);
	dir_known(x, 0, 50);
	ck_assert(!x->complete && x->from == 0 && x->upto == 50);

	state_init(&s, &(struct state_limits){100, 1 << 20, 1 << 20});
	dir = add_inode(&s, 2, S_IFDIR, 0);
	dir_known(dir->dir, 0, 30);
	for (uint64_t i = 1; i <= 4; i++) {
		char name[2] = {(char)('a' + i), '\0'};
		dirent_set(&s, dir, name_of(name), 10 + i, 10 * i, S_IFREG);
	}
	dirent_drop(&s, dirent_find(&s, 2, name_of("e"))); /* 40: was not known */
	ck_assert(dir->dir->from == 0 && dir->dir->upto == 30);
	dirent_drop(&s, dirent_find(&s, 2, name_of("c"))); /* 20 */
	ck_assert(dir->dir->from == 20 && dir->dir->upto == 30);
	state_free(&s);
}
END_TEST

START_TEST(evicted_name_comes_back)
{
	struct inode *dir;
	struct state s;

	state_init(&s, &(struct state_limits){100, 1 << 20, 1 << 20});
	dir = add_inode(&s, 1, S_IFDIR, 4096);
	dirent_set(&s, dir, name_of("a"), 20, 32, S_IFREG);
	dirent_set(&s, dir, name_of("b"), 21, 34, S_IFREG);
	dirent_drop(&s, dirent_find(&s, 1, name_of("a")));
	dirent_set(&s, dir, name_of("a"), 20, 32, S_IFREG);
	dirent_set(&s, dir, name_of("a"), 0, 0, 0);
	ck_assert_uint_eq(dir->dir->live, 1);
	for (size_t i = 0; i < dir->dir->count; i++)
		ck_assert(!dir->dir->slots[i].node || dir->dir->slots[i].node->ino == 21);
	state_free(&s);
}
END_TEST

START_TEST(eviction_pins)
{
	struct inode *dir, *inode;
	struct state s;

	state_init(&s, &(struct state_limits){4, 1 << 20, 1 << 20});
	for (uint64_t ino = 100; ino < 200; ino++)
		add_inode(&s, ino, S_IFREG, 0);
	inode_find(&s, 101)->dirty_op = 51;
	inode_find(&s, 102)->dirty_op = 50;
	inode_find(&s, 103)->opens = 1;
	inode_find(&s, 104)->attr.nlink = 0;
	inode = inode_find(&s, 105);
	inode->attr.nlink = 0;
	inode->gone = true;
	pending_add(inode_find(&s, 106), (struct pending){51, 0, 4, "data", PENDING_WRITE});
	dir = add_inode(&s, 99, S_IFDIR, 4096);
	dirent_set(&s, dir, name_of("dirty"), 108, 32, S_IFREG)->dirty_op = 51;
	/* The first round only takes note of what has been used. */
	for (int i = 0; i < 3; i++)
		state_evict(&s, 50);
	ck_assert_uint_eq(s.inodes.count, 5);
	ck_assert_ptr_nonnull(inode_find(&s, 101));
	ck_assert_ptr_nonnull(inode_find(&s, 103));
	ck_assert_ptr_nonnull(inode_find(&s, 104));
	ck_assert_ptr_nonnull(inode_find(&s, 106));
	ck_assert_ptr_nonnull(inode_find(&s, 99));
	ck_assert_ptr_nonnull(dirent_find(&s, 99, name_of("dirty")));
	/* Clean since op 50, and gone: nothing to keep. */
	ck_assert_ptr_null(inode_find(&s, 102));
	ck_assert_ptr_null(inode_find(&s, 105));
	ck_assert_uint_ge(s.evictions, 1);
	state_free(&s);
}
END_TEST

START_TEST(eviction_spares_the_used)
{
	struct state s;

	state_init(&s, &(struct state_limits){64, 1 << 20, 1 << 20});
	for (uint64_t ino = 100; ino < 165; ino++)
		add_inode(&s, ino, S_IFREG, 0)->used = false;
	for (uint64_t ino = 100; ino < 120; ino++)
		ck_assert_ptr_nonnull(inode_find(&s, ino));
	state_evict(&s, 0);
	ck_assert_uint_eq(s.inodes.count, 56);
	for (uint64_t ino = 100; ino < 120; ino++)
		ck_assert_ptr_nonnull(inode_find(&s, ino));
	/* Not over the limit any more: nothing is dropped. */
	state_evict(&s, 0);
	ck_assert_uint_eq(s.inodes.count, 56);
	ck_assert_uint_eq(s.evictions, 1);
	state_free(&s);
}
END_TEST

START_TEST(eviction_of_names)
{
	struct inode *dir;
	struct state s;
	char text[16];

	state_init(&s, &(struct state_limits){16, 1 << 20, 1 << 20});
	dir = add_inode(&s, 1, S_IFDIR, 4096);
	dir_known(dir->dir, 0, UINT64_MAX);
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "%d", i);
		dirent_set(&s, dir, name_of(text), 100 + i, 32 + i, S_IFREG)->dirty_op = i;
	}
	for (int i = 0; i < 3; i++)
		state_evict(&s, 79);
	/* Those of ops 80 to 99 are not committed: they stay, above the limit or not. */
	ck_assert_uint_eq(s.dirents.count, 20);
	ck_assert_uint_eq(dir->dir->live, 20);
	ck_assert(!dir->dir->complete);
	for (int i = 80; i < 100; i++) {
		snprintf(text, sizeof(text), "%d", i);
		ck_assert_ptr_nonnull(dirent_find(&s, 1, name_of(text)));
	}
	ck_assert_ptr_nonnull(inode_find(&s, 1));
	state_free(&s);
}
END_TEST

START_TEST(eviction_by_bytes)
{
	static const char target[4000] = "x";
	struct inode_attr attr = {.mode = S_IFLNK | 0777, .nlink = 1};
	struct state s;

	state_init(&s, &(struct state_limits){1000, 1 << 20, 1 << 20});
	for (attr.ino = 100; attr.ino < 500; attr.ino++)
		inode_add(&s, &attr, (struct bytes){target, sizeof(target)})->used = false;
	ck_assert_uint_gt(s.inode_bytes.used, s.inode_bytes.limit);
	state_evict(&s, 0);
	ck_assert_uint_le(s.inode_bytes.used, s.inode_bytes.limit);
	ck_assert_uint_gt(s.inodes.count, 200);
	/* Nothing is left of what was counted. */
	s.max_inodes = 0;
	for (int i = 0; i < 2; i++)
		state_evict(&s, 0);
	ck_assert_uint_eq(s.inode_bytes.used, 0);
	state_free(&s);
}
END_TEST

static char large[XATTR_VALUE_MAX_BYTES];

/* Ten large attributes and a small one, which the database has. */
static struct inode *add_attributes(struct state *s, uint64_t ino)
{
	struct inode *inode = add_inode(s, ino, S_IFREG, 0);
	char name[32];

	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "user.%d", i);
		xattr_note(s, inode, name_of(name), sizeof(large));
	}
	xattr_set(s, inode, name_of("user.small"), name_of("here"), 0);
	inode->xattrs_known = true;
	return inode;
}

START_TEST(large_values_come_alone)
{
	struct inode *inode;
	struct xattr *x;
	struct state s;

	state_init(&s, &(struct state_limits){100, 4 * sizeof(large), 1 << 20});
	inode = add_attributes(&s, 7);
	x = xattr_find(inode, name_of("user.3"));
	ck_assert(!xattr_value_known(x));
	ck_assert_uint_eq(x->value_len, sizeof(large));
	ck_assert(!xattr_fill(&s, x, (struct bytes){large, 5}));
	ck_assert(xattr_fill(&s, x, (struct bytes){large, sizeof(large)}));
	ck_assert(xattr_value_known(x));
	/* What was set meanwhile is newer than any answer. */
	xattr_set(&s, inode, name_of("user.3"), (struct bytes){"b", 1}, 9);
	x = xattr_find(inode, name_of("user.3"));
	ck_assert(!xattr_fill(&s, x, (struct bytes){large, sizeof(large)}));
	ck_assert_mem_eq(xattr_value(x).data, "b", 1);
	xattrs_forget(&s, inode);
	ck_assert_uint_eq(s.attributes.used, 0);
	state_free(&s);
}
END_TEST

START_TEST(eviction_of_attributes)
{
	struct inode *a, *b;
	struct state s;

	state_init(&s, &(struct state_limits){100, 4 * sizeof(large), 1 << 20});
	a = add_attributes(&s, 7);
	b = add_attributes(&s, 8);
	for (struct xattr *x = a->xattrs; x; x = x->next)
		if (!xattr_value_known(x))
			ck_assert(xattr_fill(&s, x, (struct bytes){large, sizeof(large)}));
	/* Set by an op that is not committed: it stays. */
	xattr_set(&s, b, name_of("user.new"), (struct bytes){large, sizeof(large)}, 51);
	b->dirty_op = 51;
	ck_assert_uint_gt(s.attributes.used, s.attributes.limit);
	state_evict(&s, 50);
	ck_assert_uint_le(s.attributes.used, s.attributes.limit);
	ck_assert(xattr_value_known(xattr_find(b, name_of("user.new"))));
	/* Of the others, names and small values. */
	ck_assert(xattrs_known(a));
	ck_assert_mem_eq(xattr_value(xattr_find(a, name_of("user.small"))).data, "here", 4);
	ck_assert_uint_eq(s.xattr_evictions, 0);
	/* Once it is committed it may go, and answers that were asked for before do not count. */
	s.attributes.limit = 5000;
	state_evict(&s, 51);
	ck_assert(!xattrs_known(b) || !xattr_value_known(xattr_find(b, name_of("user.new"))));
	ck_assert_uint_eq(s.xattr_evictions, 1);
	/* Then whole lists. */
	s.attributes.limit = 100;
	state_evict(&s, 52);
	ck_assert_ptr_null(a->xattrs);
	ck_assert_ptr_null(b->xattrs);
	ck_assert_uint_eq(s.attributes.used, 0);
	state_free(&s);
}
END_TEST

static void count_release(void *memory)
{
	++*(int *)memory;
}

/* Bytes that are dropped, by whatever changes the file, are not freed under the lock. */
START_TEST(bytes_are_freed_later)
{
	const struct inode_attr attr = {.ino = 5, .mode = S_IFREG, .nlink = 1, .size = CHUNK_BYTES};
	struct answer *a = calloc(1, sizeof(*a) + sizeof(a->pieces[0]));
	struct inode *inode;
	struct state s;
	int released = 0;

	state_init(&s, &(struct state_limits){16, 1 << 20, 1 << 20});
	inode = inode_add(&s, &attr, (struct bytes){0});
	ck_assert(chunk_expect(&s.chunks, inode, 0, CHUNK_BYTES, false, NULL));
	*a = (struct answer){.users = 1,
		.bytes = CHUNK_BYTES,
		.memory = &released,
		.release = count_release,
		.count = 1};
	answer_count(&s.chunks, a);
	chunk_fill(chunk_find(&s.chunks, 5, 0), a, 0, 1);
	answer_put(&s.chunks, a);
	ck_assert_ptr_null(chunks_unused(&s.chunks));
	pending_add(inode, (struct pending){.op = 1, .len = 1, .data = "x"});
	ck_assert_ptr_null(chunk_find(&s.chunks, 5, 0));
	ck_assert_uint_eq(s.chunks.budget.used, 0);
	ck_assert_int_eq(released, 0);
	answers_free(chunks_unused(&s.chunks));
	ck_assert_int_eq(released, 1);
	pending_drop(inode, 1);
	state_free(&s);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, bytes_are_freed_later);
	tcase_add_loop_test(tc, directory_model, 0, 6);
	tcase_add_test(tc, directory_compacts);
	tcase_add_test(tc, dropping_a_name_makes_incomplete);
	tcase_add_test(tc, known_ranges);
	tcase_add_test(tc, evicted_name_comes_back);
	tcase_add_test(tc, eviction_pins);
	tcase_add_test(tc, eviction_spares_the_used);
	tcase_add_test(tc, eviction_of_names);
	tcase_add_test(tc, eviction_by_bytes);
	tcase_add_test(tc, large_values_come_alone);
	tcase_add_test(tc, eviction_of_attributes);
}

int main(void)
{
	return suite_main("state", add_tests);
}
