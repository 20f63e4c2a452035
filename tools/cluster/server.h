#pragma once

#include "base/error.h"
#include "cluster/account.h"
#include "cluster/cluster.h"

/* Recovery after a crash reads up to max_wal_size, on any disk. */
#define SERVER_START_S 600

/*
 * Starts and stops the server of a data directory that exists, under the lock of the cluster, and
 * waits until that is done, for a start at most limit_s seconds. On failure *err ends in the last
 * lines of pg_ctl's output and of the server's log.
 */
bool server_start(
	const struct cluster *c, const struct account *account, int limit_s, struct error *err);
bool server_stop(const struct cluster *c, const struct account *account, struct error *err);

/* Ends a server whose data is not wanted any more: it writes nothing back. */
bool server_abandon(const struct cluster *c, const struct account *account, struct error *err);

/* Appends the last lines of the server's newest log to *err: of startup.log until the server has
 * opened its own. */
void server_quote_log(const struct cluster *c, struct error *err);
