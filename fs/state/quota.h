#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <uthash.h>

#include "journal/record.h"

/*
 * Limits on what users, groups and directory trees have. Counted are the bytes that st_blocks says,
 * those of extended attributes,
 * and inodes: a file with many names is one, one without a name is one until it is closed. Only
 * those that have a limit are here, and their usage is exact: it changes with the inodes, under the
 * same lock.
 *
 * Of the past of a user's files the bytes count that were overwritten, cut off or removed. Until
 * they are summed again (at the mount, after a request, after pruning) they are an upper bound:
 * holes and what was never written count with what is around it.
 */

/* Numbers are stored: thule.quota has the same. */
enum quota_kind { QUOTA_USER, QUOTA_GROUP, QUOTA_TREE, QUOTA_KINDS };

#define QUOTA_NONE UINT64_MAX /* no limit */

struct quota {
	struct {
		uint32_t kind, id; /* user, group, or inode_attr.project */
	} key;
	uint64_t bytes_limit, inodes_limit;
	uint64_t bytes, inodes;
	uint64_t history_limit, history; /* of users: bytes of the past */
	UT_hash_handle hh;
};

/* What an inode is counted as. */
struct charge {
	uint64_t bytes;
	uint32_t id[QUOTA_KINDS];
	bool counted; /* else nothing: it does not exist */
};

struct charge charge_of(const struct inode_attr *attr);

/* NULL: it has no limit. */
struct quota *quota_find(struct quota *quotas, uint32_t kind, uint32_t id);
/* A copy of q. */
void quota_add(struct quota **quotas, const struct quota *q);
void quotas_free(struct quota **quotas);

/* Whether what is counted as `from` may become `to`; `exempt`: limits of users and groups do not
 * count. */
bool quota_allows(
	struct quota *quotas, const struct charge *from, const struct charge *to, bool exempt);
/* Bytes of a user's files that are past from now on. */
void quota_past(struct quota *quotas, uint32_t uid, uint64_t bytes);
/* Whether a user's files may have so many more. None: whether they have no more than they may. */
bool quota_allows_past(struct quota *quotas, uint32_t uid, uint64_t bytes);
/* What was counted as *from now is `to`. */
void quota_move(struct quota *quotas, struct charge *from, const struct charge *to);
