/* Counting what users, groups and trees have, and what their limits allow. */
#include <check.h>

#include "state/quota.h"
#include "suite.h"

static const struct charge nothing;

static struct charge charge(uint64_t allocated, uint32_t uid, uint32_t gid, uint32_t project)
{
	struct inode_attr attr = {
		.allocated = allocated, .uid = uid, .gid = gid, .project = project};
	return charge_of(&attr);
}

static struct quota *add(
	struct quota **list, uint32_t kind, uint32_t id, uint64_t bytes, uint64_t inodes)
{
	quota_add(list,
		&(struct quota){.key = {kind, id}, .bytes_limit = bytes, .inodes_limit = inodes});
	return quota_find(*list, kind, id);
}

START_TEST(counts)
{
	struct quota *list = NULL;
	struct quota *user = add(&list, QUOTA_USER, 1, QUOTA_NONE, QUOTA_NONE);
	struct quota *group = add(&list, QUOTA_GROUP, 1, QUOTA_NONE, QUOTA_NONE);
	struct charge is = nothing, to = charge(1, 1, 1, 0);

	quota_move(list, &is, &to);
	ck_assert_uint_eq(user->bytes, 4096);
	ck_assert_uint_eq(user->inodes, 1);
	to = charge(4097, 1, 2, 0);
	quota_move(list, &is, &to);
	ck_assert_uint_eq(user->bytes, 8192);
	ck_assert_uint_eq(user->inodes, 1);
	ck_assert_uint_eq(group->bytes, 0);
	ck_assert_uint_eq(group->inodes, 0);
	quota_move(list, &is, &nothing);
	ck_assert_uint_eq(user->bytes, 0);
	ck_assert_uint_eq(user->inodes, 0);
	quotas_free(&list);
	ck_assert_ptr_null(list);
}
END_TEST

START_TEST(limits)
{
	struct quota *list = NULL;
	struct charge is = nothing, to = charge(8192, 1, 1, 0), more = charge(8193, 1, 1, 0);
	struct charge other = charge(8192, 2, 1, 0), less = charge(0, 1, 1, 0);
	struct quota *user = add(&list, QUOTA_USER, 1, 8192, 1);

	ck_assert(quota_allows(list, &nothing, &to, false));
	ck_assert(!quota_allows(list, &nothing, &more, false));
	ck_assert(quota_allows(list, &nothing, &more, true));
	quota_move(list, &is, &to);
	/* No other inode, no more bytes; but less, and what it has already. */
	ck_assert(!quota_allows(list, &nothing, &less, false));
	ck_assert(!quota_allows(list, &is, &more, false));
	ck_assert(quota_allows(list, &is, &to, false));
	ck_assert(quota_allows(list, &is, &less, false));
	ck_assert(quota_allows(list, &is, &other, false));
	ck_assert(!quota_allows(list, &other, &to, false));
	/* Past a limit that was set later, it may shrink and nothing else. */
	user->bytes_limit = 0;
	ck_assert(quota_allows(list, &is, &less, false));
	ck_assert(!quota_allows(list, &is, &more, false));
	quotas_free(&list);
}
END_TEST

START_TEST(trees)
{
	struct quota *list = NULL;
	struct charge in = charge(4096, 1, 1, 3), out = charge(4096, 1, 1, 0);

	add(&list, QUOTA_TREE, 3, 0, QUOTA_NONE);
	ck_assert(quota_allows(list, &nothing, &out, false));
	ck_assert(!quota_allows(list, &nothing, &in, false));
	ck_assert(!quota_allows(list, &nothing, &in, true));
	quotas_free(&list);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, counts);
	tcase_add_test(tc, limits);
	tcase_add_test(tc, trees);
}

int main(void)
{
	return suite_main("quota", add_tests);
}
