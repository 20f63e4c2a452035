#pragma once

#include "base/error.h"
#include "cluster/account.h"
#include "cluster/cluster.h"

/*
 * Starts and stops the server of a data directory that exists, under the lock of the cluster, and
 * waits until that is done. On failure *err ends in the last lines of pg_ctl's output and of the
 * server's log.
 */
bool server_start(const struct cluster *c, const struct account *account, struct error *err);
bool server_stop(const struct cluster *c, const struct account *account, struct error *err);
