#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "cluster/cluster.h"

/*
 * Starts a process that starts the server again whenever it has died, until the caller ends. A
 * server that was stopped in order, by whomever, stays stopped. It logs to the caller's stderr if
 * `foreground`, else to syslog. Call it before threads are started. When the process cannot be
 * made, the log says so. It leaves a server alone that cluster_supervise() looks after.
 */
void cluster_watch(const struct cluster *c, bool foreground);

/*
 * Makes *c (filled by it) a running server as cluster_ensure() does, calls up(), and starts the
 * server again whenever it has died. Returns true once it was stopped in order: by SIGTERM or
 * SIGINT to the caller, on which it is stopped here, or by somebody else. ERR_BUSY when another
 * process does this already, else as cluster_ensure() and cluster_stop(). For a program that does
 * nothing else: it blocks those signals and logs.
 */
bool cluster_supervise(struct cluster *c, void (*up)(const struct cluster *c), struct error *err);
