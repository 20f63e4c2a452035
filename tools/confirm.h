#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/error.h"

/* Ops that undo, and files whose changes restore takes back without asking: what a person does in
 * a day, and less than is matched by a selector that is wider than it was meant. */
#define CONFIRM_LIMIT 1000

/*
 * Asks on the terminal, and takes `yes` alone for an answer. False with *err set: ERR_USAGE, which
 * says `reason`, why --yes is needed, where stdin is no terminal; ERR_AUTH, which says `refused`,
 * on any other answer.
 */
bool confirm(const char *question, const char *reason, const char *refused, struct error *err);

/* Asks when a request (see request.h) would take back more than CONFIRM_LIMIT. */
bool confirm_request(PGconn *conn, const char *kind, const char *args, struct error *err);
