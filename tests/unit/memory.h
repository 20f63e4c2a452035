#pragma once

#include "db/database.h"

/*
 * A database in memory behind the seam of db/database.h, for unit tests of all that needs one: no
 * server, no connection. It keeps the tables in hash tables, applies the rows of a batch as
 * sql/statements/apply_*.sql do, and answers the statements of the present that the daemon reads:
 * inode, dirent, dir, data, ranges, xattrs, extents, size. What a server knows of itself it keeps,
 * too: who has the lease, what is committed, and what of that is flushed. Any thread.
 */

enum memory_table {
	MEMORY_INODE,
	MEMORY_DIRENT,
	MEMORY_XATTR,
	MEMORY_EXTENT,
	MEMORY_BLOB,
	MEMORY_ACTOR,
	MEMORY_OP,
	MEMORY_CLOCK_STEP,
	MEMORY_INODE_HISTORY,
	MEMORY_DIRENT_HISTORY,
	MEMORY_XATTR_HISTORY,
	MEMORY_EXTENT_HISTORY,
	MEMORY_TABLES,
};

/* Returns an empty database with a root directory, inode 1. database_free() it after its sessions.
 */
struct database *memory_new(void);

/* Begins a mount that writes, and returns its id. */
uint64_t memory_mount(struct database *db);

/* Ends all sessions, as a server does that restarts: nothing that it had committed is lost. */
void memory_end_sessions(struct database *db);

/* The same as a server does that crashes: it has lost what it had not flushed. */
void memory_crash(struct database *db);

/*
 * What a slow server and a slow network do, until it is MEMORY_PROMPT again: questions are left to
 * be sent, or their answers do not come.
 */
enum memory_pace { MEMORY_PROMPT, MEMORY_UNSENT, MEMORY_UNANSWERED };
void memory_set_pace(struct database *db, enum memory_pace pace);

/* Returns another database that has what this one has committed, or, as after a crash of the
 * server, what of that was flushed. */
struct database *memory_copy(struct database *db, bool flushed);

/* Returns how many rows a table has. */
int memory_count(struct database *db, enum memory_table table);
/* Returns a column of an integer type, of the row that came as the n-th; 0 for null. */
int64_t memory_int(struct database *db, enum memory_table table, int row, int column);
