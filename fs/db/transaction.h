#pragma once

#include "base/spin.h"
#include "db/database.h"

/*
 * The transaction of a batch over libpq. Its calls go out in one pipeline, with one round trip for
 * all; calls with many rows are sent by COPY instead (db/copy.h), which costs the server half as
 * much a row and us a round trip more.
 */

/* A commit that somebody waits for takes a server nearby less, and is waited for awake
 * (base/spin.h). */
#define TRANSACTION_SPIN_NS INT64_C(2000000)

/* Does what database_ops.apply says, and tells the span (may be NULL) when the rows are applied. */
bool transaction_apply(PGconn *conn, const struct database_call *calls, int count, bool flush,
	struct spin *spin, struct trace_span *span, struct error *err);

/* Queues one call in the pipeline. False when the connection is lost. */
bool transaction_send_call(PGconn *conn, const struct database_call *c);
