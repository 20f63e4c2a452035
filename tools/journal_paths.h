#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "journal/record.h"

/*
 * The paths that the ops in a journal are about: of names that the journal has itself, and of those
 * that a database says. A number that the journal gave may be another's in the database, which has
 * not seen the journal's ops; so what the journal says comes first.
 */
struct journal_paths;

struct journal_paths *journal_paths_new(void);
void journal_paths_free(struct journal_paths *p); /* accepts NULL */

/* Takes over what an op, the next one, says of names. */
void journal_paths_note(struct journal_paths *p, const struct record *r);

/* Asks the database for the paths of those that were noted and that the journal did not make. Then
 * ops are noted once more, from the first. */
bool journal_paths_ask(struct journal_paths *p, PGconn *conn, struct error *err);

/* Returns the path of an inode as of the last op that was noted, escaped; NULL: it is not known.
 * free() it. */
char *journal_paths_of(const struct journal_paths *p, uint64_t ino);
