#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "journal/record.h"

/*
 * POSIX access control lists as the extended attributes system.posix_acl_access and _default hold
 * them (linux/posix_acl_xattr.h), and what they have to do with the permission bits: acl(5). The
 * kernel checks them against callers; keeping bits and list in step is the filesystem's.
 */
#define ACL_ACCESS_NAME  "system.posix_acl_access"
#define ACL_DEFAULT_NAME "system.posix_acl_default"

/* The most entries that a list may have here: 8 bytes each in an attribute of 64 KiB. */
#define ACL_BYTES_MAX 65536

/* False when the bytes are not a list that names the three classes once each, in order. */
bool acl_valid(struct bytes acl);

/*
 * The permission bits (0777) that a list stands for: the group class shows the mask. *minimal: the
 * list says nothing that the bits do not say.
 */
mode_t acl_mode(struct bytes acl, bool *minimal);

/* Writes bits into a list: what chmod does to it. `acl` has as many bytes as it had. */
void acl_set_mode(char *acl, uint32_t len, mode_t mode);

/* Who asks for something: the first group is that of the process. */
struct acl_caller {
	uid_t uid;
	size_t group_count;
	const gid_t *groups;
};

bool acl_in_group(const struct acl_caller *c, gid_t gid);

/*
 * Whether the access list of a file of that owner and group lets the caller do `want` (bits of
 * R_OK, W_OK, X_OK), as acl(5) says. A list that is not valid lets nobody. Root is not treated
 * apart.
 */
bool acl_permits(
	struct bytes acl, uid_t owner, gid_t group, const struct acl_caller *c, unsigned int want);

/*
 * What a new inode gets of its directory's default list, made with `mode`: `acl` is a copy of the
 * default list and becomes the access list. Returns the mode's new permission bits.
 */
mode_t acl_inherit(char *acl, uint32_t len, mode_t mode, bool *minimal);
