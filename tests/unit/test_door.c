/* What users of a mount may say to its daemon: the codec, by the bytes, and what is allowed. */
#include <stdio.h>
#include <string.h>

#include "base/pass.h"
#include "door/rule.h"
#include "door/wire.h"
#include "suite.h"

#define BYTES(text) (text), sizeof(text) - 1

/* In memory of its own size, so that a sanitizer sees a byte too many. */
static char *copy(const char *data, size_t len)
{
	return memcpy(malloc(len ? len : 1), data, len);
}

static bool starts(const char *data, size_t len, struct wire_startup *out)
{
	static char *kept;

	free(kept);
	kept = copy(data, len);
	return wire_startup(kept, len, out);
}

START_TEST(startup)
{
	struct wire_startup s;

	ck_assert(starts(BYTES("\0\3\0\0user\0ada\0TimeZone\0Asia/Tokyo\0\0"), &s));
	ck_assert_uint_eq(s.code, WIRE_PROTOCOL);
	ck_assert_str_eq(s.user, "ada");
	ck_assert_str_eq(s.zone, "Asia/Tokyo");
	ck_assert(starts(BYTES("\0\3\0\0options\0-c TimeZone=UTC\0\0"), &s));
	ck_assert_str_eq(s.zone, "UTC");
	ck_assert_ptr_null(s.user);
	ck_assert(starts(BYTES("\0\3\0\0options\0-c search_path=x\0\0"), &s));
	ck_assert_ptr_null(s.zone);
	/* Without what comes after the code, as in a request for encryption. */
	ck_assert(starts(BYTES("\x04\xd2\x16\x2f"), &s));
	ck_assert_uint_eq(s.code, WIRE_SSL);
}
END_TEST

START_TEST(startup_malformed)
{
	struct wire_startup s;

	ck_assert(!starts("", 0, &s));
	ck_assert(!starts(BYTES("\0\3\0"), &s));
	ck_assert(!starts(BYTES("\0\3\0\0"), &s));
	ck_assert(!starts(BYTES("\0\3\0\0user"), &s));
	ck_assert(!starts(BYTES("\0\3\0\0user\0"), &s));
	ck_assert(!starts(BYTES("\0\3\0\0user\0ada"), &s));
	ck_assert(!starts(BYTES("\0\3\0\0user\0ada\0\0more"), &s));
}
END_TEST

static const char *parsed(const char *data, size_t len)
{
	static char *kept;

	free(kept);
	kept = copy(data, len);
	return wire_parse(kept, len);
}

START_TEST(parse)
{
	ck_assert_str_eq(parsed(BYTES("\0select 1\0\0\0")), "select 1");
	ck_assert_ptr_null(parsed(BYTES("name\0select 1\0\0\0")));
	ck_assert_ptr_null(parsed(BYTES("\0select 1")));
	ck_assert_ptr_null(parsed("", 0));
}
END_TEST

static bool binds(const char *data, size_t len, struct wire_bind *out)
{
	static char *kept;

	free(kept);
	kept = copy(data, len);
	return wire_bind(kept, len, out);
}

START_TEST(bind)
{
	struct wire_bind b;

	ck_assert(binds(BYTES("\0\0\0\0\0\3\0\0\0\2ab\xff\xff\xff\xff\0\0\0\0\0\1\0\1"), &b));
	ck_assert_int_eq(b.count, 3);
	ck_assert_str_eq(b.params[0], "ab");
	ck_assert_ptr_null(b.params[1]);
	ck_assert_str_eq(b.params[2], "");
	ck_assert(b.binary);
	ck_assert(binds(BYTES("\0\0\0\0\0\0\0\0"), &b));
	ck_assert_int_eq(b.count, 0);
	ck_assert(!b.binary);
}
END_TEST

START_TEST(bind_malformed)
{
	static const struct {
		const char *data;
		size_t len;
	} bad[] = {
		{BYTES("")},
		{BYTES("portal\0\0\0\0\0\0\0\0")},
		{BYTES("\0statement\0\0\0\0\0\0\0")},
		{BYTES("\0\0\0\1\0\1\0\0\0\0")},       /* binary parameters */
		{BYTES("\0\0\0\0\0\x11\0\0")},         /* too many */
		{BYTES("\0\0\0\0\xff\xff\0\0")},       /* far too many */
		{BYTES("\0\0\0\0\0\1\0\0\0\5ab\0\0")}, /* longer than there is */
		{BYTES("\0\0\0\0\0\1\x7f\xff\xff\xff"
		       "ab\0\0")}, /* much longer */
		{BYTES("\0\0\0\0\0\1\xff\xff\xff\xfe"
		       "ab\0\0")},                       /* less than none */
		{BYTES("\0\0\0\0\0\1\0\0\0\3a\0b\0\0")}, /* a zero in it */
		{BYTES("\0\0\0\0\0\0\0\1\0\2")},         /* a form that there is not */
		{BYTES("\0\0\0\0\0\0\0\0x")},            /* more */
		{BYTES("\0\0\xff\xff\0\0")},
	};
	struct wire_bind b;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!binds(bad[i].data, bad[i].len, &b), "%zu", i);
}
END_TEST

/* Whatever is sent, it is read within its bounds. The seed is the iteration's number. */
START_TEST(fuzz)
{
	static const char good[] = "\0\0\0\1\0\0\0\3\0\0\0\2ab\xff\xff\xff\xff\0\0\0\0\0\1\0\1";
	struct rng r = {(uint64_t)_i};
	struct wire_startup s;
	struct wire_bind b;

	for (int i = 0; i < 20000; i++) {
		char data[256];
		size_t len = rng_below(&r, sizeof(data));

		if (i % 2) {
			rng_fill(&r, data, len);
		} else {
			len = sizeof(good) - 1;
			memcpy(data, good, len);
			for (uint64_t n = rng_below(&r, 4); n > 0; n--)
				data[rng_below(&r, len)] = (char)rng_next(&r);
			len -= rng_below(&r, 3);
		}
		if (binds(data, len, &b))
			for (int p = 0; p < b.count; p++)
				if (b.params[p])
					ck_assert_uint_lt(strlen(b.params[p]), sizeof(data));
		parsed(data, len);
		if (len >= 4 && i % 4 < 2)
			memcpy(data, "\0\3\0\0", 4);
		if (starts(data, len, &s) && s.zone)
			ck_assert_uint_lt(strlen(s.zone), sizeof(data));
	}
}
END_TEST

/* What comes out is what libpq reads. */
START_TEST(answers)
{
	struct buf out = {0};
	PGresult *res = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc columns[] = {{.name = (char[]){"a"}, .typid = 25, .typlen = -1},
		{.name = (char[]){"b"}, .typid = 25, .typlen = -1}};

	PQsetResultAttrs(res, 2, columns);
	PQsetvalue(res, 0, 0, (char[]){"xyz"}, 3);
	PQsetvalue(res, 0, 1, NULL, -1);
	wire_add_row(&out, res, 0);
	ck_assert_uint_eq(out.len, 1 + 4 + 2 + 4 + 3 + 4);
	ck_assert_mem_eq(out.data, "D\0\0\0\x11\0\2\0\0\0\3xyz\xff\xff\xff\xff", out.len);
	buf_reset(&out);
	wire_add_columns(&out, res);
	ck_assert_uint_eq(wire_u32(out.data + 1), out.len - 1);
	buf_reset(&out);
	wire_add_error(&out, false, "42501", "no", "hint");
	ck_assert_uint_eq(wire_u32(out.data + 1), out.len - 1);
	ck_assert_mem_eq(out.data + 5, "SERROR\0VERROR\0C42501\0Mno\0Hhint\0", out.len - 5);
	PQclear(res);
	buf_free(&out);
}
END_TEST

/* Nothing but whole statements; and where one shows what is somebody's, it takes who asks. */
START_TEST(rules)
{
	int found = 0;

	for (int i = 0; i < STMT_COUNT; i++) {
		const struct door_rule *rule = door_rule_find(statements[i].text);
		char last[16];

		if (!rule)
			continue;
		found++;
		ck_assert_int_eq((int)rule->stmt, i);
		ck_assert_int_le(rule->params, WIRE_PARAMS_MAX);
		snprintf(last, sizeof(last), "$%d", rule->params);
		ck_assert_msg(strstr(statements[i].text, last) != NULL, "%s", statements[i].name);
		snprintf(last, sizeof(last), "$%d", rule->params + 1);
		ck_assert_msg(!strstr(statements[i].text, last), "%s", statements[i].name);
		ck_assert_msg(!rule->viewer || strstr(statements[i].text, "bigint[]") != NULL, "%s",
			statements[i].name);
	}
	ck_assert_int_gt(found, 10);
	ck_assert_ptr_null(door_rule_find(""));
	ck_assert_ptr_null(door_rule_find("select 1"));
	ck_assert_ptr_null(door_rule_find(statements[STMT_REQUEST_INSERT].text));
	ck_assert_ptr_null(door_rule_find(statements[STMT_COMMAND_CONFIG_SET].text));
}
END_TEST

START_TEST(pass)
{
	char text[PASS_TEXT_SIZE], again[PASS_TEXT_SIZE];
	struct pass p, other;

	pass_init(&p);
	pass_init(&other);
	pass_tell(&p, text);
	pass_tell(&p, again);
	ck_assert_str_eq(text, again);
	ck_assert(pass_valid(&p, text));
	ck_assert(!pass_valid(&other, text));
	ck_assert(!pass_valid(&p, ""));
	ck_assert(!pass_valid(&p, "viewer"));
	/* A minute later it is another one, and this one is still good; and then it is not. */
	p.since_ns -= INT64_C(61000000000);
	pass_tell(&p, again);
	ck_assert_str_ne(text, again);
	ck_assert(pass_valid(&p, text) && pass_valid(&p, again));
	p.since_ns -= INT64_C(61000000000);
	ck_assert(!pass_valid(&p, text) && pass_valid(&p, again));
	p.since_ns -= INT64_C(600000000000);
	ck_assert(!pass_valid(&p, again));
	pass_destroy(&p);
	pass_destroy(&other);
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_test(tc, startup);
	tcase_add_test(tc, startup_malformed);
	tcase_add_test(tc, parse);
	tcase_add_test(tc, bind);
	tcase_add_test(tc, bind_malformed);
	tcase_add_loop_test(tc, fuzz, 0, 10);
	tcase_add_test(tc, answers);
	tcase_add_test(tc, rules);
	tcase_add_test(tc, pass);
}

int main(void)
{
	return suite_main("door", add);
}
