#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "cluster/cluster.h"

/* The OS user that the server runs as. */
struct account {
	uid_t uid;
	gid_t gid;
	char name[64];
	bool other; /* somebody else than the caller: root becomes this user */
	/* The server runs in a user namespace that has uid and gid under these numbers alone. */
	bool alias;
	uid_t alias_uid;
	gid_t alias_gid;
};

/*
 * Says whether the caller is root of more than itself: where a user namespace maps one id only, uid
 * 0 is an ordinary user by another name.
 */
bool account_is_root(void);

/*
 * Finds the owner of the data directory; when there is none, the caller, or `postgres` if that is
 * root. An owner without a name in the password database gets an alias. ERR_AUTH when the caller
 * cannot become the owner, ERR_NOT_FOUND when there is no such user.
 */
bool account_of_cluster(const struct cluster *c, struct account *account, struct error *err);

/*
 * Turns the calling process, a forked child, into the account for good. Returns false with errno.
 */
bool account_become(const struct account *account);

/* Checks that the account can walk down to `path`. ERR_USAGE, which names the closed directory. */
bool account_can_reach(const struct account *account, const char *path, struct error *err);
