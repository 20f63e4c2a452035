#include "op/acl.h"

#include <endian.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stddef.h>
#include <string.h>

#define HEADER sizeof(struct posix_acl_xattr_header)

static unsigned int entry_count(uint32_t len)
{
	return (unsigned int)((len - HEADER) / sizeof(struct posix_acl_xattr_entry));
}

/* Attributes are bytes anywhere in memory. */
static struct posix_acl_xattr_entry get(const char *acl, unsigned int i)
{
	struct posix_acl_xattr_entry e;

	memcpy(&e, acl + HEADER + i * sizeof(e), sizeof(e));
	e.e_tag = le16toh(e.e_tag);
	e.e_perm = le16toh(e.e_perm);
	e.e_id = le32toh(e.e_id);
	return e;
}

static void set_perm(char *acl, unsigned int i, mode_t perm)
{
	uint16_t stored = htole16((uint16_t)perm);

	memcpy(acl + HEADER + i * sizeof(struct posix_acl_xattr_entry) +
			offsetof(struct posix_acl_xattr_entry, e_perm),
		&stored, sizeof(stored));
}

bool acl_valid(struct bytes acl)
{
	unsigned int owner = 0, group = 0, other = 0, mask = 0, named = 0, last = 0;
	uint32_t version;

	if (acl.len < HEADER || (acl.len - HEADER) % sizeof(struct posix_acl_xattr_entry))
		return false;
	memcpy(&version, acl.data, sizeof(version));
	if (le32toh(version) != POSIX_ACL_XATTR_VERSION)
		return false;
	for (unsigned int i = 0; i < entry_count(acl.len); i++) {
		struct posix_acl_xattr_entry e = get(acl.data, i);
		if (e.e_perm > 7 || e.e_tag < last)
			return false;
		last = e.e_tag;
		owner += e.e_tag == ACL_USER_OBJ;
		group += e.e_tag == ACL_GROUP_OBJ;
		other += e.e_tag == ACL_OTHER;
		mask += e.e_tag == ACL_MASK;
		named += e.e_tag == ACL_USER || e.e_tag == ACL_GROUP;
	}
	return owner == 1 && group == 1 && other == 1 && mask <= 1 && (mask || !named) &&
	       owner + group + other + mask + named == entry_count(acl.len);
}

mode_t acl_mode(struct bytes acl, bool *minimal)
{
	mode_t owner = 0, group = 0, other = 0, mask = 0;
	bool has_mask = false;

	*minimal = true;
	for (unsigned int i = 0; i < entry_count(acl.len); i++) {
		struct posix_acl_xattr_entry e = get(acl.data, i);
		switch (e.e_tag) {
		case ACL_USER_OBJ:
			owner = e.e_perm;
			break;
		case ACL_GROUP_OBJ:
			group = e.e_perm;
			break;
		case ACL_OTHER:
			other = e.e_perm;
			break;
		case ACL_MASK:
			mask = e.e_perm;
			has_mask = true;
			*minimal = false;
			break;
		default:
			*minimal = false;
		}
	}
	return owner << 6 | (has_mask ? mask : group) << 3 | other;
}

bool acl_in_group(const struct acl_caller *c, gid_t gid)
{
	for (size_t i = 0; i < c->group_count; i++)
		if (c->groups[i] == gid)
			return true;
	return false;
}

/* Which class an entry puts the caller into; the list's order is that of the classes. */
static bool names_caller(
	struct posix_acl_xattr_entry e, uid_t owner, gid_t group, const struct acl_caller *c)
{
	switch (e.e_tag) {
	case ACL_USER_OBJ:
		return c->uid == owner;
	case ACL_USER:
		return c->uid == e.e_id;
	case ACL_GROUP_OBJ:
		return acl_in_group(c, group);
	case ACL_GROUP:
		return acl_in_group(c, e.e_id);
	default:
		return e.e_tag == ACL_OTHER;
	}
}

bool acl_permits(
	struct bytes acl, uid_t owner, gid_t group, const struct acl_caller *c, unsigned int want)
{
	unsigned int mask = 7;
	bool in_group = false;

	if (!acl_valid(acl))
		return false;
	for (unsigned int i = 0; i < entry_count(acl.len); i++)
		if (get(acl.data, i).e_tag == ACL_MASK)
			mask = get(acl.data, i).e_perm;
	for (unsigned int i = 0; i < entry_count(acl.len); i++) {
		struct posix_acl_xattr_entry e = get(acl.data, i);
		bool group_class = e.e_tag == ACL_GROUP_OBJ || e.e_tag == ACL_GROUP;
		bool masked = e.e_tag == ACL_USER || group_class;
		unsigned int perm = masked ? e.e_perm & mask : e.e_perm;

		if (e.e_tag == ACL_OTHER && in_group)
			return false;
		if (!names_caller(e, owner, group, c))
			continue;
		/* Of several groups any that has all of it will do. */
		if (!group_class || (perm & want) == want)
			return (perm & want) == want;
		in_group = true;
	}
	return false;
}

/* The entry that stands for the group bits of the mode: the mask where there is one. */
static unsigned int group_class(const char *acl, uint32_t len)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < entry_count(len); i++) {
		uint16_t tag = get(acl, i).e_tag;
		if (tag == ACL_MASK)
			return i;
		if (tag == ACL_GROUP_OBJ)
			found = i;
	}
	return found;
}

void acl_set_mode(char *acl, uint32_t len, mode_t mode)
{
	for (unsigned int i = 0; i < entry_count(len); i++) {
		uint16_t tag = get(acl, i).e_tag;
		if (tag == ACL_USER_OBJ)
			set_perm(acl, i, mode >> 6 & 7);
		else if (tag == ACL_OTHER)
			set_perm(acl, i, mode & 7);
	}
	set_perm(acl, group_class(acl, len), mode >> 3 & 7);
}

mode_t acl_inherit(char *acl, uint32_t len, mode_t mode, bool *minimal)
{
	mode_t allowed = acl_mode((struct bytes){acl, len}, minimal) & mode;

	acl_set_mode(acl, len, allowed);
	return allowed;
}
