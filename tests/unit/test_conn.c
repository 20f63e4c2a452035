/* Which class an error of the server has, by its SQLSTATE (PostgreSQL manual, appendix A). */
#include <string.h>

#include "db/conn.h"
#include "db/zone.h"
#include "suite.h"

static const struct {
	const char *sqlstate;
	enum error_class class;
} cases[] = {
	{"", ERR_UNREACHABLE}, {NULL, ERR_UNREACHABLE},
	{"08000", ERR_UNREACHABLE}, /* connection_exception */
	{"08006", ERR_UNREACHABLE}, /* connection_failure */
	{"28000", ERR_AUTH},        /* invalid_authorization_specification */
	{"28P01", ERR_AUTH},        /* invalid_password */
	{"3D000", ERR_NOT_FOUND},   /* invalid_catalog_name */
	{"40001", ERR_TRANSIENT},   /* serialization_failure */
	{"40P01", ERR_TRANSIENT},   /* deadlock_detected */
	{"42501", ERR_AUTH},        /* insufficient_privilege */
	{"42P01", ERR_INTERNAL},    /* undefined_table */
	{"42601", ERR_INTERNAL},    /* syntax_error */
	{"23505", ERR_INTERNAL},    /* unique_violation */
	{"22P03", ERR_INTERNAL},    /* invalid_binary_representation */
	{"53100", ERR_NO_SPACE},    /* disk_full */
	{"53200", ERR_INTERNAL},    /* out_of_memory */
	{"53300", ERR_TRANSIENT},   /* too_many_connections */
	{"55P03", ERR_BUSY},        /* lock_not_available */
	{"57P01", ERR_UNREACHABLE}, /* admin_shutdown */
	{"57P02", ERR_UNREACHABLE}, /* crash_shutdown */
	{"57P03", ERR_TRANSIENT},   /* cannot_connect_now */
	{"57014", ERR_TIMEOUT},     /* query_canceled */
	{"XX000", ERR_INTERNAL},    /* internal_error */
	{"XX001", ERR_CORRUPT},     /* data_corrupted */
	{"XX002", ERR_CORRUPT},     /* index_corrupted */
};

START_TEST(sqlstate_class)
{
	ck_assert_msg(db_sqlstate_class(cases[_i].sqlstate) == cases[_i].class, "%s: %d",
		cases[_i].sqlstate ? cases[_i].sqlstate : "NULL",
		db_sqlstate_class(cases[_i].sqlstate));
}
END_TEST

static enum error_class connect_class(const char *conninfo)
{
	struct error err = {0};

	ck_assert_ptr_null(db_connect(conninfo, "unit", &err));
	ck_assert_ptr_null(strchr(err.text, '\n'));
	return err.class;
}

START_TEST(connect_errors)
{
	ck_assert_int_eq(connect_class("host=/nonexistent-folder dbname=x"), ERR_UNREACHABLE);
	ck_assert_int_eq(connect_class("host=/nonexistent-folder colour=blue"), ERR_USAGE);
	ck_assert_int_eq(connect_class("host=/nonexistent-folder dbname"), ERR_USAGE);
	ck_assert_int_eq(connect_class("postgresql://[::1/x"), ERR_UNREACHABLE);
}
END_TEST

static const struct {
	const char *tz, *localtime, *zone; /* zone NULL: cannot be told */
} zones[] = {
	{"Asia/Tokyo", "/usr/share/zoneinfo/Europe/Rome", "Asia/Tokyo"},
	{":Asia/Tokyo", NULL, "Asia/Tokyo"},
	{"/usr/share/zoneinfo/America/Indiana/Knox", NULL, "America/Indiana/Knox"},
	{":/usr/share/zoneinfo/Japan", NULL, "Japan"},
	{"JST-9", NULL, "JST-9"},
	{"", "/usr/share/zoneinfo/Europe/Rome", "UTC"},
	{"/tmp/mine", "/usr/share/zoneinfo/Europe/Rome", NULL},
	{NULL, "/usr/share/zoneinfo/Europe/Rome", "Europe/Rome"},
	{NULL, "../usr/share/zoneinfo/Etc/UTC", "Etc/UTC"},
	{NULL, "/etc/clock/mine", NULL},
	{NULL, NULL, NULL},
};

START_TEST(zone_names)
{
	char zone[ZONE_SIZE] = "untouched";
	const char *expected = zones[_i].zone;

	ck_assert(zone_name(zones[_i].tz, zones[_i].localtime, zone) == (expected != NULL));
	ck_assert_str_eq(zone, expected ? expected : "untouched");
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, sqlstate_class, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tc, connect_errors);
	tcase_add_loop_test(tc, zone_names, 0, sizeof(zones) / sizeof(zones[0]));
}

int main(void)
{
	return suite_main("conn", add_tests);
}
