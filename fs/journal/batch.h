#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/database.h"
#include "journal/record.h"

/*
 * A batch coalesces records, in order, into the rows that one transaction changes: for each inode
 * and name the versions that began and ended within the batch, the version that ends in the
 * database, and the one that is left; for each file the pieces of extents. It keeps no state
 * between batches except the ids of blobs. rows.h encodes, coalesce_*.h are the rules, send.h is
 * the transaction.
 */
struct batch;

/* Returns an empty batch. `mount` is the thule.mount.id of the ops; next_blob is the first blob id
 * that is free. */
struct batch *batch_new(uint64_t mount, uint64_t next_blob);
/* Makes it send neither the log nor the versions that ended, from now on. */
void batch_without_history(struct batch *b);
void batch_free(struct batch *b);
void batch_reset(struct batch *b);

/* Adds one record, whose memory must stay until batch_reset(). */
void batch_add(struct batch *b, const struct record *r);

size_t batch_ops(const struct batch *b);
size_t batch_bytes(const struct batch *b); /* of file data; a shared piece counts for some, too */

/*
 * Sends the whole batch as one transaction and waits for its commit. `flush` asks for one that is
 * on the disk; a batch without ops still makes one, which flushes those before it. May be called
 * again after a failure, which left the database either without the batch or, when the session was
 * lost, possibly with all of it: database_progress() tells.
 */
bool batch_commit(struct batch *b, struct database_session *s, bool flush, struct error *err);
uint64_t batch_last_op(const struct batch *b);
int64_t batch_last_at(const struct batch *b); /* its time, microseconds since the epoch */
uint64_t batch_next_blob(const struct batch *b);
void batch_set_next_blob(struct batch *b, uint64_t next_blob); /* only when it is empty */

/* Begins a session that takes batches while it has the lease: database_ops.open_writer. */
struct database_session *batch_session(
	struct database *db, enum database_lease lease, struct error *err);

/* Calls fn for each inode that the batch touched. */
void batch_each_inode(const struct batch *b, void (*fn)(void *arg, uint64_t ino), void *arg);
