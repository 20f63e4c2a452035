#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "cluster/account.h"
#include "cluster/cluster.h"

/*
 * Begins what changes a cluster (creating, starting, stopping it, its settings): takes the lock of
 * the home that `home` is open on, finds the account of the cluster, and checks that it can reach
 * that home. Sets *locked to a descriptor, which releases the lock when it is closed. False with
 * *err set: ERR_AUTH, ERR_USAGE, ERR_BUSY when somebody else holds the lock for many minutes.
 */
bool cluster_enter(
	const struct cluster *c, int home, struct account *account, int *locked, struct error *err);
