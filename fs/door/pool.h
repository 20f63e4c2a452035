#pragma once

#include <libpq-fe.h>
#include <sys/types.h>

#include "base/error.h"

/* A few connections to the database that all clients of the door share, made when they are first
 * needed. A user has one at a time, so that a user who asks a lot waits alone. */
struct pool;

/* Returns an empty pool; door.h explains acl and past_owner. */
struct pool *pool_new(const char *conninfo, bool acl, bool past_owner);

/* Frees the pool; no connection may be taken. Accepts NULL. */
void pool_free(struct pool *p);

/*
 * Waits for a connection, at most half a minute: ERR_BUSY. ERR_UNREACHABLE when there is no
 * database, or pool_stop() was called. pool_give() it back; what is broken by then is not used
 * again.
 */
PGconn *pool_take(struct pool *p, uid_t uid, struct error *err);
void pool_give(struct pool *p, uid_t uid, PGconn *conn);

/* Fails those who wait for a connection, now and later. */
void pool_stop(struct pool *p);
