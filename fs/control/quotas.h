#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/error.h"
#include "fs.h"

/*
 * Quotas between the database and the state: thule.quota has the limits, and what is used is
 * counted in SQL once, when nothing is on the way there; from then on the state counts.
 */

/* Reads them all into *out, to be freed by quotas_free(). False with *err set. */
bool quotas_read(PGconn *conn, struct quota **out, struct error *err);

/* The same of the answer to STMT_QUOTA_READ, in binary format, which remains the caller's. */
bool quotas_of(const PGresult *res, struct quota **out, struct error *err);

/* Under the lock: these are the quotas from now on; takes them. */
void quotas_take(struct fs *fs, struct quota *quotas);

/*
 * Without the lock, while the journal is quiesced: logs where the state has not
 * counted what is there.
 */
void quotas_verify(struct fs *fs, PGconn *conn);
