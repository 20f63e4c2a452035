#pragma once

#include "base/error.h"
#include "control/invalidator.h"
#include "fs.h"
#include "live/live.h"

/*
 * Requests of SQL clients to the holder of the lease (sql/schema/request.sql): undo, restore and
 * the like, which change the tables as a whole. The control thread listens for them; each is
 * performed by thule_internal.perform() on the connection of the drain, in one transaction, while
 * the journal is quiesced: it is empty, and changes wait. Then the state forgets what it cached and
 * the kernel is told what to drop. Between requests it publishes what is live (live.h).
 */
struct control;

/* Starts the thread. `se` is mounted; `live` is the caller's, and of the thread until it ends. NULL
 * with *err set. */
struct control *control_start(struct fs *fs, const char *conninfo, uint64_t mount,
	struct fuse_session *se, struct live *live, struct invalidator *invalidator,
	struct error *err);

/* Ends the thread; a request under way is finished first. Accepts NULL. */
void control_stop(struct control *c);
