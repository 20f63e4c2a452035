#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/error.h"

/*
 * The number of ops that undo reverses, and of files that restore changes, without asking: as many
 * as a person changes in a day, and fewer than a selector matches that is too wide.
 */
#define CONFIRM_LIMIT 1000

/*
 * Asks on the terminal, and takes only `yes` for consent. Returns false with *err set otherwise:
 * ERR_USAGE with `reason`, the reason for --yes, when stdin is no terminal; ERR_AUTH with `refused`
 * on any other answer.
 */
bool confirm(const char *question, const char *reason, const char *refused, struct error *err);

/* Asks when a request (request.h) would take back more than CONFIRM_LIMIT. */
bool confirm_request(PGconn *conn, const char *kind, const char *args, struct error *err);
