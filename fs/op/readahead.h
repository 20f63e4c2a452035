#pragma once

#include "op/call.h"

/*
 * Read-ahead: who reads a file in order will ask for what comes next. Reads in order are found by
 * handle, and so much is asked for beyond them as they have read until then, up to AHEAD_MAX_BYTES.
 */

/* Under the lock: a handle reads [off, off+len). h may be NULL. */
void ahead_note(struct handle *h, uint64_t off, uint64_t len);
/* Whether it reads so much, or so long in order, that whole chunks are to be asked for. */
bool ahead_pays(const struct handle *h, uint64_t len);
/* Asks for what the handle is expected to read next. */
void ahead_ask(struct call *c, struct handle *h, struct inode *inode);
