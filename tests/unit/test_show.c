/* What names and paths may look like where people read them. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/show.h"
#include "base/utf8.h"
#include "suite.h"

static const char *escaped(const char *text)
{
	static char out[200];

	show_escape(out, sizeof(out), text);
	return out;
}

START_TEST(characters)
{
	ck_assert_str_eq(escaped("plain"), "plain");
	ck_assert_str_eq(escaped(""), "");
	ck_assert_str_eq(escaped("\u00e4\u2603\U0001f600"), "\u00e4\u2603\U0001f600");
	ck_assert_str_eq(escaped("a\nb\tc"), "a\\x0ab\\x09c");
	ck_assert_str_eq(escaped("\033[2J\177"), "\\x1b[2J\\x7f");
	/* C1: the second is CSI in one character. */
	ck_assert_str_eq(escaped("\xc2\x80\xc2\x9b\xc2\xa0"), "\\xc2\\x80\\xc2\\x9b\xc2\xa0");
	/* A lone byte of C1, and other bytes that are not UTF-8. */
	ck_assert_str_eq(escaped("\x9bH\xff\xc2"), "\\x9bH\\xff\\xc2");
	/* Direction: marks, embeddings, isolates; and lines. */
	ck_assert_str_eq(escaped("\u061c"), "\\xd8\\x9c");
	ck_assert_str_eq(
		escaped("\u200d\u200e\u200f\u2010"), "\u200d\\xe2\\x80\\x8e\\xe2\\x80\\x8f\u2010");
	ck_assert_str_eq(escaped("\u202e"), "\\xe2\\x80\\xae");
	ck_assert_str_eq(escaped("\u2066\u2069\u206a"), "\\xe2\\x81\\xa6\\xe2\\x81\\xa9\u206a");
	ck_assert_str_eq(escaped("\u2028"), "\\xe2\\x80\\xa8");
	ck_assert_uint_eq(utf8_decode("\u202e", 3), 0x202e);
	ck_assert_uint_eq(utf8_decode("\U0001f600", 4), 0x1f600);
	ck_assert_uint_eq(utf8_decode("\u061c", 2), 0x61c);
}
END_TEST

START_TEST(whole_texts)
{
	ck_assert(utf8_is_text("", 0));
	ck_assert(utf8_is_text("a\u00e4\u2603\U0001f600\n", 11));
	/* NUL, overlong forms, a surrogate, beyond the last character, cut short. */
	ck_assert(!utf8_is_text("a\0b", 3));
	ck_assert(!utf8_is_text("\xc0\xaf", 2));
	ck_assert(!utf8_is_text("\xe0\x80\xaf", 3));
	ck_assert(!utf8_is_text("\xed\xa0\x80", 3));
	ck_assert(!utf8_is_text("\xf4\x90\x80\x80", 4));
	ck_assert(!utf8_is_text("\u2603", 2));
}
END_TEST

START_TEST(room)
{
	char out[9];

	for (size_t size = 1; size <= sizeof(out); size++) {
		memset(out, '#', sizeof(out));
		show_escape(out, size, "a\n\u00e4b\n");
		ck_assert_uint_lt(strlen(out), size);
		ck_assert(size == sizeof(out) || out[size] == '#');
		/* Nothing is cut within a character. */
		for (size_t i = 0; out[i]; i++)
			ck_assert(show_unsafe(out + i, strlen(out + i)) == 0 ||
				  ((unsigned char)out[i] & 0xc0) == 0x80);
	}
	ck_assert_str_eq(out, "a\\x0a\u00e4b");
}
END_TEST

START_TEST(lines)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	show_line(out, "no %s in %s\nand %d\n", "x\ny", "\033\n", 7);
	fclose(out);
	ck_assert_str_eq(text, "no x\\x0ay in \\x1b\\x0a\nand 7\n");
	free(text);
}
END_TEST

START_TEST(ends)
{
	char out[64];

	show_end(out, sizeof(out), __W_EXITCODE(3, 0));
	ck_assert_str_eq(out, "ended with status 3");
	show_end(out, sizeof(out), __W_EXITCODE(0, SIGSEGV));
	ck_assert_str_eq(out, "was killed by signal 11 (SIGSEGV)");
	/* Signals without names. */
	show_end(out, sizeof(out), __W_EXITCODE(0, 40));
	ck_assert_str_eq(out, "was killed by signal 40");
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, characters);
	tcase_add_test(tc, whole_texts);
	tcase_add_test(tc, room);
	tcase_add_test(tc, lines);
	tcase_add_test(tc, ends);
}

int main(void)
{
	return suite_main("show", add_tests);
}
