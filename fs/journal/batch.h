#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "base/error.h"
#include "journal/record.h"

/*
 * A batch folds records, in order, into the rows that one transaction changes: for each inode and
 * name the versions that began and ended within the batch, the version that ends in the database,
 * and the one that is left; for each file the pieces of extents. It does no I/O and keeps no state
 * between batches except the ids of blobs.
 */
struct batch;

/* mount is thule.mount.id of who did the ops; next_blob is the first blob id that is free. */
struct batch *batch_new(uint64_t mount, uint64_t next_blob);
/* From now on it sends neither the log nor the versions that ended. */
void batch_without_history(struct batch *b);
void batch_free(struct batch *b);
void batch_reset(struct batch *b);

/* Folds one record, whose memory must stay until batch_reset(). */
void batch_add(struct batch *b, const struct record *r);

size_t batch_ops(const struct batch *b);
size_t batch_bytes(const struct batch *b); /* of file data; a shared piece counts for some, too */

/*
 * Sends the whole batch as one transaction on a connection in pipeline mode whose statements are
 * prepared, and waits for its commit. `sync` asks for a flushed commit; a batch without ops still
 * makes one, which flushes those before it. May be called again after a failure, which left the
 * database either without the batch or, when the connection was lost, possibly with all of it:
 * thule.mount.last_op tells.
 */
bool batch_commit(struct batch *b, PGconn *conn, bool sync, struct error *err);
uint64_t batch_last_op(const struct batch *b);
int64_t batch_last_at(const struct batch *b); /* its time, microseconds since the epoch */
uint64_t batch_next_blob(const struct batch *b);
void batch_set_next_blob(struct batch *b, uint64_t next_blob); /* only when it is empty */

/* Prepares the statements that batch_commit() sends. */
bool batch_prepare(PGconn *conn, struct error *err);

/* Calls fn for each inode that the batch touched. */
void batch_each_inode(const struct batch *b, void (*fn)(void *arg, uint64_t ino), void *arg);
/* Calls fn for each name that the batch touched. */
void batch_each_name(const struct batch *b,
	void (*fn)(void *arg, uint64_t parent, struct bytes name), void *arg);
