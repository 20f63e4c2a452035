#include <errno.h>
#include <sys/stat.h>

#include "op/call.h"
#include "op/change.h"
#include "op/flags.h"
#include "op/need.h"
#include "op/op.h"

static int remove_name(struct call *c, enum op_kind kind, uint64_t parent, const char *text)
{
	struct bytes name = name_bytes(text);
	struct dirent_node *d;
	struct inode *dir, *inode;
	struct kept_op done;
	int rc;

	if (call_is_done(c, &done))
		return 0;
	rc = need_dir(c, parent, &dir);
	if (!rc)
		rc = need_entry(c, dir, name, &d, &inode);
	if (!rc)
		rc = flags_forbid(dir, FLAG_FROZEN);
	if (!rc)
		rc = flags_forbid(inode, FLAG_FROZEN);
	if (rc)
		return rc;
	if (kind == OP_RMDIR && !S_ISDIR(inode->attr.mode))
		return ENOTDIR;
	if (kind == OP_UNLINK && S_ISDIR(inode->attr.mode))
		return EISDIR;
	if (kind == OP_RMDIR)
		rc = need_empty(c, inode);
	if (!rc)
		rc = need_room(c, 0);
	if (rc)
		return rc;
	if (kind == OP_RMDIR)
		change_subdirs(dir, -1);
	change_begin(c, kind, inode->ino);
	change_at(c, parent, name);
	change_name_gone(c, d);
	change_unlinked(c, inode);
	change_touch_dir(c, dir);
	change_end(c);
	return 0;
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct call c;

	call_begin_change(&c, req);
	call_end(&c, remove_name(&c, OP_UNLINK, parent, name));
}

void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct call c;

	call_begin_change(&c, req);
	call_end(&c, remove_name(&c, OP_RMDIR, parent, name));
}
