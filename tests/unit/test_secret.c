/* What of connection strings and command lines is a secret. */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "db/handover.h"
#include "db/source.h"
#include "suite.h"

START_TEST(masks)
{
	static const struct {
		const char *text, *masked;
	} table[] = {
		/* What is left of one secret ends another. */
		{"://a password=x://b&c.d:secret@e", "://a password=***&c.d:secret@e"},
		{"://apassword=x://b&c.d:secret@e", "://apassword=***&c.d:***@e"},
		{"psql postgresql://u:secret@h/db", "psql postgresql://u:***@h/db"},
		{"postgres://u:p@ss@h:5432/db", "postgres://u:***@h:5432/db"},
		{"postgresql://u@h/db", "postgresql://u@h/db"},
		{"postgresql://h:5432/a@b", "postgresql://h:5432/a@b"},
		{"host=h password=secret user=u", "host=h password=*** user=u"},
		{"host=h password = 'se cret\\' s' user=u", "host=h password = '***' user=u"},
		{"env PGPASSWORD=secret psql", "env PGPASSWORD=*** psql"},
		{"postgresql://h/db?sslpassword=secret&port=1",
			"postgresql://h/db?sslpassword=***&port=1"},
		{"password=", "password="},
		{"password=x", "password=*"},
		{"no password here", "no password here"},
		{"oauth_client_secret=abc scram_client_key=abcd",
			"oauth_client_secret=*** scram_client_key=***"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[128];
		strcpy(text, table[i].text);
		text[secret_mask(text, strlen(text))] = '\0';
		ck_assert_str_eq(text, table[i].masked);
	}
}
END_TEST

/* Arguments end at NULs, and so do their secrets. */
START_TEST(arguments)
{
	char text[] = "psql\0password=secret\0-c\0select 1";
	static const char masked[] = "psql\0password=***\0-c\0select 1";

	ck_assert_uint_eq(secret_mask(text, sizeof(text) - 1), sizeof(masked) - 1);
	ck_assert_mem_eq(text, masked, sizeof(masked) - 1);
}
END_TEST

/* Whatever this libpq calls a secret is one for what looks at text alone, too. */
START_TEST(keywords)
{
	PQconninfoOption *options = PQconndefaults();

	for (const PQconninfoOption *o = options; o->keyword; o++)
		ck_assert_msg(
			!strchr(o->dispchar, '*') || secret_keyword(o->keyword), "%s", o->keyword);
	PQconninfoFree(options);
}
END_TEST

START_TEST(shown)
{
	static const struct {
		const char *source, *shown;
	} table[] = {
		{"private", "private"},
		{"postgresql://u@h/db?sslmode=require", "postgresql://u@h/db?sslmode=require"},
		{"postgresql://u:secret@h/db?port=1", "postgresql://u@h/db?port=1"},
		{"postgresql://h/db?password=secret&port=1", "postgresql://h/db?port=1"},
		{"postgresql://h/db?port=1&sslpassword=secret", "postgresql://h/db?port=1"},
		{"postgresql://u:a%40b@h/db?sslpassword=x", "postgresql://u@h/db"},
		{"host=h user=u password='it''s'", NULL},
		{"host=h user='a b' sslpassword=secret", "user='a b' host='h'"},
		{"host=h password=secret", "host='h'"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[256];
		struct error err;
		bool ok = source_public(table[i].source, text, sizeof(text), &err);

		ck_assert_msg(ok == (table[i].shown != NULL), "%s", table[i].source);
		if (ok)
			ck_assert_str_eq(text, table[i].shown);
		else
			ck_assert_msg(!strstr(err.text, "it'"), "%s", err.text);
	}
}
END_TEST

/* What cannot be read is not quoted either. */
START_TEST(messages)
{
	static const char *const table[] = {"postgresql://u:hidden%zz@h/db",
		"postgresql://u:hid:den@h:x y/db", "password=hidden hidden2",
		"host=h password='hidden", "postgresql://u:hidden@[h/db",
		"scram_client_key=hidden hidden2", "OAUTH_CLIENT_SECRET = hidden hidden2"};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[256];
		struct error err = {0};

		if (!source_public(table[i], text, sizeof(text), &err))
			ck_assert_msg(!strstr(err.text, "hid"), "%s: %s", table[i], err.text);
		else
			ck_assert_msg(!strstr(text, "hid"), "%s: %s", table[i], text);
	}
}
END_TEST

START_TEST(appended)
{
	char text[64] = "port='1'";
	PQconninfoOption *options;
	struct error err;

	ck_assert(source_append(text, sizeof(text), "host", "a b\\'c"));
	ck_assert(source_append(text, sizeof(text), "user", ""));
	options = source_parse(text, &err);
	ck_assert_msg(options != NULL, "%s", err.text);
	ck_assert_str_eq(source_value(options, "host"), "a b\\'c");
	ck_assert_str_eq(source_value(options, "port"), "1");
	ck_assert_str_eq(source_value(options, "user"), "");
	ck_assert(!source_has_secret(options));
	PQconninfoFree(options);
	/* What has no room is left out as a whole. */
	ck_assert(!source_append(text, strlen(text) + 8, "dbname", "x"));
	ck_assert(source_same(text, "host='a b\\\\\\'c' port=1"));
	ck_assert(!source_same(text, "host=a port=1"));
}
END_TEST

START_TEST(handed_over)
{
	static const char *const sources[] = {"postgresql://u:secret@h/db?port=1", "private",
		"host=h password='se cret' user=u", "host=h"};
	static const char *const public[] = {
		"postgresql://u@h/db?port=1", "private", "user='u' host='h'", "host=h"};
	struct error err = {0};

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		char text[256], taken[256];

		ck_assert_msg(handover_give(sources[i], text, sizeof(text), &err), "%s", err.text);
		ck_assert_str_eq(text, public[i]);
		ck_assert_msg(handover_take(text, taken, sizeof(taken), &err), "%s", err.text);
		ck_assert_str_eq(taken, sources[i]);
		/* It is there once. */
		ck_assert(handover_take(text, taken, sizeof(taken), &err));
		ck_assert_str_eq(taken, text);
	}
}
END_TEST

START_TEST(handed_to_psql)
{
	char text[256], line[256];
	struct error err = {0};
	FILE *f;

	ck_assert(handover_psql("host=h password=secret", text, sizeof(text), &err));
	ck_assert_str_eq(text, "host='h' service=thule-secrets");
	f = fopen(getenv("PGSERVICEFILE"), "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	ck_assert_str_eq(line, "password=secret\n");
	fclose(f);
	ck_assert(handover_psql("postgresql://u:secret@h/db", text, sizeof(text), &err));
	ck_assert_str_eq(text, "postgresql://u@h/db?service=thule-secrets");
	ck_assert(!handover_psql("host=h password='secret '", text, sizeof(text), &err));
	ck_assert_ptr_null(strstr(err.text, "secret"));
	ck_assert(!handover_psql("service=s password=secret", text, sizeof(text), &err));
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, masks);
	tcase_add_test(tc, arguments);
	tcase_add_test(tc, keywords);
	tcase_add_test(tc, shown);
	tcase_add_test(tc, messages);
	tcase_add_test(tc, appended);
	tcase_add_test(tc, handed_over);
	tcase_add_test(tc, handed_to_psql);
}

int main(void)
{
	return suite_main("secret", add_tests);
}
