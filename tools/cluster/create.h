#pragma once

#include "base/error.h"
#include "cluster/account.h"
#include "cluster/cluster.h"

/*
 * Makes c->data, under the lock of the cluster. It gets its name when it is complete, so that an
 * interrupted one is never taken for a cluster. `home` is open on c->home.
 */
bool cluster_create(
	const struct cluster *c, const struct account *account, int home, struct error *err);

/*
 * Opens c->data after checking that it is a directory of the account and no link. Returns a
 * descriptor, or -1 with *err set.
 */
int cluster_open_data(const struct cluster *c, const struct account *account, struct error *err);

/*
 * Makes the directory c->socket or c->log, which the account owns, for it and the group root alone.
 */
bool cluster_make_directory(const char *path, const struct account *account, struct error *err);
