/* Access control lists and permission bits: acl(5). */
#include <endian.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <string.h>

#include "op/acl.h"
#include "suite.h"

struct list {
	char bytes[200];
	uint32_t len;
};

static void begin(struct list *l)
{
	uint32_t version = htole32(POSIX_ACL_XATTR_VERSION);

	memcpy(l->bytes, &version, sizeof(version));
	l->len = sizeof(version);
}

static void entry(struct list *l, uint16_t tag, uint16_t perm, uint32_t id)
{
	struct posix_acl_xattr_entry e = {htole16(tag), htole16(perm), htole32(id)};

	memcpy(l->bytes + l->len, &e, sizeof(e));
	l->len += sizeof(e);
}

static struct bytes bytes_of(const struct list *l)
{
	return (struct bytes){l->bytes, l->len};
}

static struct list minimal_list(uint16_t owner, uint16_t group, uint16_t other)
{
	struct list l;

	begin(&l);
	entry(&l, ACL_USER_OBJ, owner, ACL_UNDEFINED_ID);
	entry(&l, ACL_GROUP_OBJ, group, ACL_UNDEFINED_ID);
	entry(&l, ACL_OTHER, other, ACL_UNDEFINED_ID);
	return l;
}

/* u::rwx, u:7:rw-, g::r-x, m::mask, o::r-- */
static struct list named_list(uint16_t mask)
{
	struct list l;

	begin(&l);
	entry(&l, ACL_USER_OBJ, 7, ACL_UNDEFINED_ID);
	entry(&l, ACL_USER, 6, 7);
	entry(&l, ACL_GROUP_OBJ, 5, ACL_UNDEFINED_ID);
	entry(&l, ACL_MASK, mask, ACL_UNDEFINED_ID);
	entry(&l, ACL_OTHER, 4, ACL_UNDEFINED_ID);
	return l;
}

START_TEST(valid)
{
	struct list l = minimal_list(7, 5, 4);

	ck_assert(acl_valid(bytes_of(&l)));
	ck_assert(!acl_valid((struct bytes){l.bytes, l.len - 1}));
	ck_assert(!acl_valid((struct bytes){l.bytes, l.len - 8}));
	ck_assert(!acl_valid((struct bytes){l.bytes, 4}));
	ck_assert(!acl_valid((struct bytes){l.bytes, 3}));
	entry(&l, ACL_OTHER, 4, ACL_UNDEFINED_ID);
	ck_assert_msg(!acl_valid(bytes_of(&l)), "a class twice");
	l = minimal_list(7, 8, 4);
	ck_assert_msg(!acl_valid(bytes_of(&l)), "more than rwx");
	l = named_list(7);
	ck_assert(acl_valid(bytes_of(&l)));
	l.bytes[0] = 1;
	ck_assert_msg(!acl_valid(bytes_of(&l)), "another version");
	begin(&l);
	entry(&l, ACL_USER_OBJ, 7, 0);
	entry(&l, ACL_USER, 7, 7);
	entry(&l, ACL_GROUP_OBJ, 7, 0);
	entry(&l, ACL_OTHER, 7, 0);
	ck_assert_msg(!acl_valid(bytes_of(&l)), "a named user without a mask");
	begin(&l);
	entry(&l, ACL_GROUP_OBJ, 7, 0);
	entry(&l, ACL_USER_OBJ, 7, 0);
	entry(&l, ACL_OTHER, 7, 0);
	ck_assert_msg(!acl_valid(bytes_of(&l)), "out of order");
}
END_TEST

START_TEST(mode)
{
	struct list l = minimal_list(7, 5, 4);
	bool minimal;

	ck_assert_int_eq(acl_mode(bytes_of(&l), &minimal), 0754);
	ck_assert(minimal);
	l = named_list(2);
	ck_assert_int_eq(acl_mode(bytes_of(&l), &minimal), 0724);
	ck_assert(!minimal);
}
END_TEST

START_TEST(set_mode)
{
	struct list l = named_list(7), expected = named_list(1);
	bool minimal;

	acl_set_mode(l.bytes, l.len, 0714);
	ck_assert_mem_eq(l.bytes, expected.bytes, l.len);
	ck_assert_int_eq(acl_mode(bytes_of(&l), &minimal), 0714);
	l = minimal_list(7, 5, 4);
	acl_set_mode(l.bytes, l.len, 0640);
	ck_assert_int_eq(acl_mode(bytes_of(&l), &minimal), 0640);
}
END_TEST

START_TEST(inherit)
{
	struct list l = named_list(7);
	bool minimal;

	ck_assert_int_eq(acl_inherit(l.bytes, l.len, 0660, &minimal), 0660);
	ck_assert(!minimal);
	ck_assert_int_eq(acl_mode(bytes_of(&l), &minimal), 0660);
	l = minimal_list(7, 5, 4);
	ck_assert_int_eq(acl_inherit(l.bytes, l.len, 0666, &minimal), 0644);
	ck_assert(minimal);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, valid);
	tcase_add_test(tc, mode);
	tcase_add_test(tc, set_mode);
	tcase_add_test(tc, inherit);
}

int main(void)
{
	return suite_main("acl", add_tests);
}
