/* Requests of the kernel that are cut short, in the body, in a name, in the data. */
#include <linux/fuse.h>
#include <string.h>

#include "suite.h"
#include "transport/raw.h"

/* A request in memory of exactly its size; free() it. */
static char *request(uint32_t opcode, const void *body, size_t body_len, const char *names,
	size_t names_len, size_t *len)
{
	struct fuse_in_header head = {.opcode = opcode, .nodeid = 1};
	char *bytes;

	*len = sizeof(head) + body_len + names_len;
	bytes = malloc(*len);
	memcpy(bytes, &head, sizeof(head));
	if (body_len)
		memcpy(bytes + sizeof(head), body, body_len);
	if (names_len)
		memcpy(bytes + sizeof(head) + body_len, names, names_len);
	return bytes;
}

/* The request is whole as it is and with more behind it, and none of what it begins with is. */
static void check_whole(
	uint32_t opcode, const void *body, size_t body_len, const char *names, size_t names_len)
{
	size_t len;
	char *bytes = request(opcode, body, body_len, names, names_len, &len), *part;

	ck_assert_msg(raw_is_whole(bytes, len), "opcode %u", opcode);
	for (size_t n = 0; n < len; n++) {
		part = memcpy(malloc(n ? n : 1), bytes, n);
		ck_assert_msg(!raw_is_whole(part, n), "opcode %u of %zu bytes", opcode, n);
		free(part);
	}
	bytes = realloc(bytes, len + 100);
	memset(bytes + len, 'x', 100);
	ck_assert(raw_is_whole(bytes, len + 100));
	free(bytes);
}

START_TEST(bodies)
{
	struct fuse_setattr_in setattr = {0};
	struct fuse_read_in reading = {0};

	check_whole(FUSE_SETATTR, &setattr, sizeof(setattr), NULL, 0);
	check_whole(FUSE_READ, &reading, sizeof(reading), NULL, 0);
	check_whole(FUSE_STATFS, NULL, 0, NULL, 0);
}
END_TEST

START_TEST(names)
{
	struct fuse_rename2_in rename = {0};
	struct fuse_create_in create = {0};

	check_whole(FUSE_LOOKUP, NULL, 0, "name", 5);
	check_whole(FUSE_SYMLINK, NULL, 0, "name\0target", 12);
	check_whole(FUSE_RENAME2, &rename, sizeof(rename), "a\0b", 4);
	check_whole(FUSE_CREATE, &create, sizeof(create), "", 1);
}
END_TEST

START_TEST(data)
{
	struct fuse_write_in writing = {.size = 7};
	struct fuse_setxattr_in xattr = {.size = 3};
	struct fuse_batch_forget_in forget = {.count = 2};
	struct fuse_forget_one ones[2] = {0};

	check_whole(FUSE_WRITE, &writing, sizeof(writing), "content", 7);
	check_whole(FUSE_SETXATTR, &xattr, FUSE_COMPAT_SETXATTR_IN_SIZE, "user.a\0abc", 10);
	check_whole(FUSE_BATCH_FORGET, &forget, sizeof(forget), (const char *)ones, sizeof(ones));
}
END_TEST

/* Sizes near the end of what a number holds. */
START_TEST(far_too_much)
{
	struct fuse_write_in writing = {.size = UINT32_MAX};
	struct fuse_batch_forget_in forget = {.count = UINT32_MAX};
	struct fuse_read_in reading = {.size = UINT32_MAX};
	size_t len;
	char *bytes = request(FUSE_WRITE, &writing, sizeof(writing), "x", 1, &len);

	ck_assert(!raw_is_whole(bytes, len));
	free(bytes);
	bytes = request(FUSE_BATCH_FORGET, &forget, sizeof(forget), "12345678", 8, &len);
	ck_assert(!raw_is_whole(bytes, len));
	free(bytes);
	/* More than a reply can have. */
	bytes = request(FUSE_READDIR, &reading, sizeof(reading), NULL, 0, &len);
	ck_assert(!raw_is_whole(bytes, len));
	free(bytes);
}
END_TEST

/* libfuse answers them by itself. */
START_TEST(unknown)
{
	size_t len;
	char *bytes = request(4000, NULL, 0, NULL, 0, &len);

	ck_assert(raw_is_whole(bytes, len));
	free(bytes);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, bodies);
	tcase_add_test(tc, names);
	tcase_add_test(tc, data);
	tcase_add_test(tc, far_too_much);
	tcase_add_test(tc, unknown);
}

int main(void)
{
	return suite_main("raw", add_tests);
}
