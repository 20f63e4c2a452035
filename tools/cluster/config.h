#pragma once

#include "base/error.h"
#include "cluster/account.h"
#include "cluster/cluster.h"

/*
 * Who may connect, once, into a data directory that initdb has just made: `dir` is open on it. Also
 * makes its postgresql.conf include what config_write_settings() writes.
 */
bool config_write_access(int dir, const struct account *account, struct error *err);

/*
 * Settings that fit this machine, written again before each start: memory and disk change, and so
 * may the path of HOME.
 */
bool config_write_settings(
	int dir, const struct cluster *c, const struct account *account, struct error *err);
