#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "db/statement.h"

/*
 * Runs a query and prints its rows on stdout as they arrive, however many there are: as columns
 * without the first one, or, if `json`, as an array of the values in the first column. Sets *rows
 * to their number. Returns false with *err set; rows that were printed stay.
 */
bool print_query(PGconn *conn, const char *sql, int nparams, const char *const *params, bool json,
	long *rows, struct error *err);

/* Does the same with the last row first, for which it holds all rows in memory. */
bool print_query_reversed(PGconn *conn, const char *sql, int nparams, const char *const *params,
	bool json, long *rows, struct error *err);

/*
 * Does the same as print_query() for a statement whose only parameter says whether JSON is wanted.
 * Prints `none` on stderr when a table has no rows, and pages a table.
 */
bool print_list(PGconn *conn, enum stmt stmt, bool json, const char *none, struct error *err);

/* Prints text as base/show.h shows it, padded with blanks to `width` columns. */
void print_safe(FILE *out, const char *text, int width);

/* Prints a line of a list: a label, and text in the same way. */
void print_field(const char *label, const char *text);

/* Prints a JSON string with its quotes, or null for NULL. */
void print_json_string(FILE *out, const char *text);

/*
 * Prints JSON that the database made, with \\uXXXX in place of characters that base/show.h would
 * not show.
 */
void print_json(FILE *out, const char *json);
void print_json_line(const char *json); /* on stdout, with a newline */
