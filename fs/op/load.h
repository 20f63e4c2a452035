#pragma once

#include "op/call.h"

/*
 * What is not in the state is asked of the database once, however many requests want it; they are
 * suspended with the load and woken when the answer is in the state.
 */
enum load_kind { LOAD_INODE, LOAD_NAME, LOAD_DIR, LOAD_XATTRS, LOAD_VALUE };

/* At most so many names at once. */
#define LOAD_PAGE_ROWS 1000
/* At most so many questions that nobody needs the answer to are under way. */
#define LOAD_AHEAD_MAX 16

/* Each suspends the request until the answer is in the state: CALL_SUSPENDED, or the errno with
 * which an earlier wait for it ended. Under the lock. */
int load(struct call *c, enum load_kind kind, uint64_t ino, struct bytes name);
/* Names of a directory after a cookie. */
int load_names(struct call *c, uint64_t ino, uint64_t after);

/*
 * Asks for up to `rows` names of a directory after a cookie before anybody needs them; load_names()
 * of the same cookie waits for them, and asks itself when they cannot be had. `arrived`, if any, is
 * called with the lock when they are in the state. False: it is asked already, or too much is.
 */
bool load_ahead(struct fs *fs, uint64_t ino, uint64_t after, uint32_t rows,
	void (*arrived)(struct fs *fs, struct inode *dir));
/* Under the lock: puts an answer of read_inode about `ino` into the state. Returns an errno: ESTALE
 * when there never was one, or nothing is left of it. */
int load_inode_row(struct fs *fs, uint64_t ino, const PGresult *res);
/* Whether those are on their way; and whether they are so before anybody needs them. */
bool load_is_asked(struct fs *fs, uint64_t ino, uint64_t after);
bool load_is_ahead(struct fs *fs, uint64_t ino, uint64_t after);
