#include "tar/attributes.h"

#include <endian.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>
#include <stdlib.h>
#include <string.h>

#include "db/row.h"
#include "db/statement.h"

/* Columns of command_xattrs. */
enum { NAME, VALUE };

static int archive_tag(uint16_t tag)
{
	switch (tag) {
	case ACL_USER_OBJ:
		return ARCHIVE_ENTRY_ACL_USER_OBJ;
	case ACL_USER:
		return ARCHIVE_ENTRY_ACL_USER;
	case ACL_GROUP_OBJ:
		return ARCHIVE_ENTRY_ACL_GROUP_OBJ;
	case ACL_GROUP:
		return ARCHIVE_ENTRY_ACL_GROUP;
	case ACL_MASK:
		return ARCHIVE_ENTRY_ACL_MASK;
	default:
		return ARCHIVE_ENTRY_ACL_OTHER;
	}
}

static void add_list(struct archive_entry *e, int type, const char *acl, size_t len)
{
	struct posix_acl_xattr_entry entry;

	for (size_t at = sizeof(struct posix_acl_xattr_header); at + sizeof(entry) <= len;
		at += sizeof(entry)) {
		uint16_t tag;
		int id;

		memcpy(&entry, acl + at, sizeof(entry));
		tag = le16toh(entry.e_tag);
		id = tag == ACL_USER || tag == ACL_GROUP ? (int)le32toh(entry.e_id) : -1;
		/* The bits of permissions are the same ones. */
		archive_entry_acl_add_entry(
			e, type, le16toh(entry.e_perm) & 7, archive_tag(tag), id, NULL);
	}
}

bool tar_attributes(struct past *past, const char *ino, struct archive_entry *e, struct error *err)
{
	const char *params[] = {ino, past->op, NULL};
	PGresult *res =
		past_query(past, statements[STMT_COMMAND_XATTRS].text, 3, params, true, err);

	bool ok = res && row_check(STMT_COMMAND_XATTRS, res, strtoull(ino, NULL, 10), err);

	for (int row = 0; ok && row < PQntuples(res); row++) {
		const char *name = PQgetvalue(res, row, NAME), *value = PQgetvalue(res, row, VALUE);
		size_t len = (size_t)PQgetlength(res, row, VALUE);

		if (!strcmp(name, XATTR_NAME_POSIX_ACL_ACCESS))
			add_list(e, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, value, len);
		else if (!strcmp(name, XATTR_NAME_POSIX_ACL_DEFAULT))
			add_list(e, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, value, len);
		else
			archive_entry_xattr_add_entry(e, name, value, len);
	}
	PQclear(res);
	return ok;
}
