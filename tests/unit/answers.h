#pragma once

#include <check.h>
#include <libpq-fe.h>
#include <string.h>

#include "db/statement.h"

/* Answers of the database, as its statements make them. */

/* Types of columns: 2, 4 and 8 are integers of so many bytes, b is bytea, t is text, p is bytea
 * with a path. */
static const struct {
	enum stmt stmt;
	const char *types;
} answers[] = {
	{STMT_READ_INODE, "844888888888448b848"},
	{STMT_READ_DIRENT, "844888888888448b8b88"},
	{STMT_READ_DIR, "844888888888448b8b88"},
	{STMT_READ_ORPHANS, "844888888888448b"},
	{STMT_READ_DATA, "8b"},
	{STMT_READ_RANGES, "88b"},
	{STMT_READ_FILES, "88b"},
	{STMT_READ_HOLES, "88"},
	{STMT_READ_EXTENTS, "88888"},
	{STMT_READ_SIZE, "88"},
	{STMT_READ_XATTR, "b"},
	{STMT_READ_XATTRS, "bb4"},
	{STMT_READ_PAST_INSTANT, "84"},
	{STMT_READ_PAST_INODE, "844888888888448b"},
	{STMT_READ_PAST_OPEN, "844888888888448b4t8b"},
	{STMT_READ_PAST_DIRENT, "844888888888448b4t88"},
	{STMT_READ_PAST_DIR, "844888888888448b4t8b8"},
	{STMT_READ_PAST_DATA, "b"},
	{STMT_READ_PAST_HOLES, "888"},
	{STMT_READ_PAST_XATTRS, "tbb"},
	{STMT_READ_PAST_NAMES, "b8"},
	{STMT_COMMAND_TREE, "p84488888b4"},
	{STMT_COMMAND_XATTRS, "bb"},
	{STMT_QUOTA_READ, "28888888"},
};
#define ANSWERS (sizeof(answers) / sizeof(answers[0]))

/* Returns an answer without rows whose columns have these types. */
static inline PGresult *answer_new(const char *types)
{
	PGresult *res = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc attrs[21] = {0};
	char name[] = "c";
	int n = (int)strlen(types);

	for (int i = 0; i < n; i++)
		attrs[i] = (PGresAttDesc){.name = name,
			.format = 1,
			.typid = types[i] == '2'          ? 21
				 : types[i] == '4'        ? 23
				 : types[i] == '8'        ? 20
				 : strchr("bp", types[i]) ? 17
							  : 25,
			.typlen = types[i] < '9' ? types[i] - '0' : -1,
			.atttypmod = -1};
	ck_assert(PQsetResultAttrs(res, n, attrs));
	return res;
}
