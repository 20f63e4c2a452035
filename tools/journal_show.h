#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * The ops in the file of a journal, for people: of one whose daemon lives or is dead, whose ops
 * wait, are refused or were kept. Nothing of the file is changed. Of one that was kept, the ops
 * are shown that are in no database.
 */

/*
 * Prints the ops on stdout, as lines or, if `json`, as an object. Returns false with *err set when
 * there is no journal, or when it is damaged: then all before the damage was printed. `conn`, if it
 * is not NULL, is asked for the paths of what the journal has not named itself.
 */
bool journal_show(const char *path, PGconn *conn, bool json, struct error *err);

/* Prints the bytes that one op wrote on stdout. ERR_NOT_FOUND when the journal has not that op. */
bool journal_show_bytes(const char *path, uint64_t op, struct error *err);
