#pragma once

#include "base/error.h"
#include "cluster/account.h"
#include "cluster/cluster.h"

/*
 * Writes who may connect, once, into a data directory that is new: `dir` is open on it.
 */
bool config_write_access(int dir, const struct account *account, struct error *err);

/* Has its postgresql.conf include the file of config_write_settings(). */
bool config_write_include(int dir, struct error *err);

/*
 * Writes settings that fit this machine. Called before each start, since memory, disk and the path
 * of HOME may change.
 */
bool config_write_settings(
	int dir, const struct cluster *c, const struct account *account, struct error *err);
