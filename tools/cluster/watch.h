#pragma once

#include <stdbool.h>

#include "cluster/cluster.h"

/*
 * From now on, until the caller ends, a process of its own starts the server again when it has
 * died. One that was stopped in order, by whomever, stays stopped. `foreground`: it logs to the
 * caller's stderr, else to syslog. Call it before threads are started. Where no process can be
 * made, nobody does it, and the log says so.
 */
void cluster_watch(const struct cluster *c, bool foreground);
