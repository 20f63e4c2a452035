#pragma once

#include "base/error.h"
#include "cluster/account.h"
#include "cluster/cluster.h"

/*
 * Makes c->data, under the lock of the cluster. It is made under another name and renamed, so that
 * one that was interrupted is never taken for a cluster. `home` is open on c->home.
 */
bool cluster_create(
	const struct cluster *c, const struct account *account, int home, struct error *err);

/*
 * Opens c->data, having checked that it is a directory of the account's and no link to elsewhere.
 * Returns a descriptor, or -1 with *err set.
 */
int cluster_open_data(const struct cluster *c, const struct account *account, struct error *err);

/* The directory c->socket or c->log, owned by the account, for it and the group root alone. */
bool cluster_make_directory(const char *path, const struct account *account, struct error *err);
