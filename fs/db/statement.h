#pragma once

#include "statements.h"

/*
 * The statement catalogue: one file of sql/statements/ each, embedded at build time.
 * enum stmt is generated from the file names; a statement is prepared under its name.
 */
struct statement {
	const char *name;
	const char *text; /* NUL-terminated */
};

extern const struct statement statements[STMT_COUNT];
