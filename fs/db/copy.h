#pragma once

#include "db/database.h"

/*
 * Sends the rows of a call by COPY in binary format (COPY's manual page; the server's
 * src/backend/commands/copyfromparse.c). A field has the format of an array's element, so the
 * columns of the call are woven into rows as they are.
 */

/* Returns true when the call can be copied and has enough bytes to be worth the round trips. */
bool copy_pays(const struct database_call *c);

/* Copies the rows, in a transaction of the connection's and outside of the pipeline, and waits
 * until the server has them. False with *err set: the transaction has failed, or the session. */
bool copy_call(PGconn *conn, const struct database_call *c, struct error *err);
