#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

/*
 * Runs a query and prints its rows on stdout as they come, however many there are: as columns, or,
 * if `json`, as an array of what its first column says, which otherwise is left out.
 * *rows gets their number. False with *err set; what was printed then stays.
 */
bool print_query(PGconn *conn, const char *sql, int nparams, const char *const *params, bool json,
	long *rows, struct error *err);

/* Text with control characters made visible, so that no file name can play with the terminal. */
void print_safe(FILE *out, const char *text, int width);

/* A string of JSON, with its quotes. */
void print_json_string(FILE *out, const char *text);
