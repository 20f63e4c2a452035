#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "db/statement.h"

/*
 * Runs a query and prints its rows on stdout as they come, however many there are: as columns, or,
 * if `json`, as an array of what its first column says, which otherwise is left out.
 * *rows gets their number. False with *err set; what was printed then stays.
 */
bool print_query(PGconn *conn, const char *sql, int nparams, const char *const *params, bool json,
	long *rows, struct error *err);

/*
 * The same for a statement whose only parameter says whether JSON is wanted; `none` is said on
 * stderr when a table would have no rows.
 */
bool print_list(PGconn *conn, enum stmt stmt, bool json, const char *none, struct error *err);

/* Text as base/show.h shows it, and blanks up to `width` columns. */
void print_safe(FILE *out, const char *text, int width);

/* A string of JSON, with its quotes. */
void print_json_string(FILE *out, const char *text);

/* JSON that the database made, in which what base/show.h would not show is written as \\uXXXX. */
void print_json(FILE *out, const char *json);
void print_json_line(const char *json); /* on stdout, and a newline */
