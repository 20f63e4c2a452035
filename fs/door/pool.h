#pragma once

#include <libpq-fe.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * The few connections to the database that all who ask at the door share, made when they are first
 * needed. A user has one at a time, so that who asks a lot waits for himself.
 */
struct pool;

/* acl, past_owner: see door.h. */
struct pool *pool_new(const char *conninfo, bool acl, bool past_owner);

/* No connection may be taken. Accepts NULL. */
void pool_free(struct pool *p);

/*
 * Waits for a connection, at most half a minute: ERR_BUSY. ERR_UNREACHABLE when there is no
 * database, or pool_stop() was called. pool_give() it back; what is broken by then is not used
 * again.
 */
PGconn *pool_take(struct pool *p, uid_t uid, struct error *err);
void pool_give(struct pool *p, uid_t uid, PGconn *conn);

/* Whoever waits gets no connection any more. */
void pool_stop(struct pool *p);
