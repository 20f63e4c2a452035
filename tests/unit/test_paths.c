/* Paths of inodes by the names that are in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "live/paths.h"
#include "suite.h"

static struct bytes name_of(const char *text)
{
	return (struct bytes){text, (uint32_t)strlen(text)};
}

static struct inode *add(struct state *s, uint64_t ino, uint32_t mode, uint64_t parent)
{
	struct inode_attr attr = {.ino = ino, .mode = mode, .nlink = 1};
	struct inode *inode = inode_add(s, &attr, (struct bytes){0});

	if (inode->dir)
		inode->dir->parent = parent;
	return inode;
}

static void check(const struct paths *p, uint64_t ino, const char *name, const char *expected)
{
	char *path = paths_of(p, ino, name);

	if (expected)
		ck_assert_str_eq(path, expected);
	else
		ck_assert_ptr_null(path);
	free(path);
}

/* /a/b/file and /a/b/gap, whose directory 7 is in no directory that is known. */
static void fill(struct state *s)
{
	struct inode *root, *a, *b, *lost;

	state_init(s, &(struct state_limits){100000, 1 << 20, 1 << 20});
	root = add(s, 1, S_IFDIR, 0);
	a = add(s, 2, S_IFDIR, 1);
	b = add(s, 3, S_IFDIR, 2);
	lost = add(s, 7, S_IFDIR, 6);
	dirent_set(s, root, name_of("a"), 2, 10, S_IFDIR);
	dirent_set(s, a, name_of("b"), 3, 12, S_IFDIR);
	dirent_set(s, b, name_of("file"), 4, 14, S_IFREG);
	dirent_set(s, lost, name_of("lost"), 5, 16, S_IFREG);
	dirent_set(s, b, name_of("none"), 0, 0, 0);
}

START_TEST(by_names)
{
	static const uint64_t wanted[] = {4, 3, 1, 5, 4, 99, 2, 7};
	struct paths p;
	struct state s;

	fill(&s);
	paths_init(&p, sizeof(wanted) / sizeof(wanted[0]));
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		paths_want(&p, wanted[i]);
	paths_find(&p, &s);
	check(&p, 1, "", "/");
	check(&p, 1, "new", "/new");
	check(&p, 2, "", "/a");
	check(&p, 3, "new", "/a/b/new");
	check(&p, 4, "", "/a/b/file");
	check(&p, 5, "", NULL);
	check(&p, 7, "new", NULL);
	check(&p, 99, "", NULL);
	check(&p, 1000, "", NULL);
	paths_release(&p);
	state_free(&s);
}
END_TEST

/* The lock of the filesystem is held meanwhile, so many names are not all looked at. */
START_TEST(no_further)
{
	struct inode *root;
	struct paths p;
	struct state s;
	char name[32];

	state_init(&s, &(struct state_limits){1 << 20, 1 << 20, 1 << 20});
	root = add(&s, 1, S_IFDIR, 0);
	for (uint64_t i = 0; i <= PATHS_LOOK_MAX; i++) {
		snprintf(name, sizeof(name), "%llu", (unsigned long long)i);
		dirent_set(&s, root, name_of(name), 100 + i, 10 + i, S_IFREG);
	}
	paths_init(&p, 2);
	paths_want(&p, 100);
	paths_want(&p, 100 + PATHS_LOOK_MAX);
	paths_find(&p, &s);
	check(&p, 100, "", "/0");
	check(&p, 100 + PATHS_LOOK_MAX, "", NULL);
	ck_assert_uint_eq(p.left, 0);
	paths_release(&p);
	state_free(&s);
}
END_TEST

/* A directory that is its own ancestor has no path, and nothing waits for its end. */
START_TEST(circle)
{
	struct inode *a, *b;
	struct paths p;
	struct state s;

	state_init(&s, &(struct state_limits){100, 1 << 20, 1 << 20});
	a = add(&s, 2, S_IFDIR, 3);
	b = add(&s, 3, S_IFDIR, 2);
	dirent_set(&s, a, name_of("b"), 3, 10, S_IFDIR);
	dirent_set(&s, b, name_of("a"), 2, 12, S_IFDIR);
	paths_init(&p, 1);
	paths_want(&p, 2);
	paths_find(&p, &s);
	check(&p, 2, "", NULL);
	paths_release(&p);
	state_free(&s);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, by_names);
	tcase_add_test(tc, no_further);
	tcase_add_test(tc, circle);
}

int main(void)
{
	return suite_main("paths", add_tests);
}
